package dotenv

import (
	"fmt"
	"strings"
	"testing"

	"github.com/clawql/clawql-workbench/shared/fault"
)

func TestParse(t *testing.T) {
	cases := []struct{ name, text, want string }{
		{"nothing", "", ""},
		{"comments and empty lines", "# a\n\n  # b\n\t\n", ""},
		{"plain", "A=1\nB_2=two words\n", `A="1"@1 B_2="two words"@2`},
		{"no line break at the end", "A=1", `A="1"@1`},
		{"CRLF", "A=1\r\nB='x\r\ny'\r\nC=\"z\"\r\n", `A="1"@1 B="x\ny"@2 C="z"@4`},
		{"byte order mark", "\xef\xbb\xbfA=1\n", `A="1"@1`},
		{"export", "export A=1\nexport\tB=2\nexport=3\nexported=4\n", `A="1"@1 B="2"@2 export="3"@3 exported="4"@4`},
		{"space around", "  A = 1  \n\tB=\t2\t\n", `A="1"@1 B="2"@2`},
		{"empty values", "A=\nB=''\nC=\"\"\nD= # none\n", `A=""@1 B=""@2 C=""@3 D=""@4`},
		{"comment behind", "A=1 # one\nB=1#one\nC=#c\nD='x' # y\nE=\"x\"#y\n", `A="1"@1 B="1#one"@2 C=""@3 D="x"@4 E="x"@5`},
		{"single quotes are literal", `A='a\n$B"c # d'`, `A="a\\n$B\"c # d"@1`},
		{"backquotes", "A=`it's \"so\"`", `A="it's \"so\""@1`},
		{"escapes", `A="a\nb\tc\"d\\e\$f\qg"`, `A="a\nb\tc\"d\\e$f\\qg"@1`},
		{"a backslash outside of quotes is itself", `A=c:\new\table`, `A="c:\\new\\table"@1`},
		{"more than a line", "A=\"x\ny # z\n\"\nB=1", `A="x\ny # z\n"@1 B="1"@4`},
		{"joined lines", "A=\"x\\\ny\"", `A="xy"@1`},
		{"dollars stay", "A=pa$$word${HOME}\nB=\"$HOME\"", `A="pa$$word${HOME}"@1 B="$HOME"@2`},
		{"equal signs", "A=b=c==\n", `A="b=c=="@1`},
		{"quotes within", "A=it's\nB=a\"b\"\n", `A="it's"@1 B="a\"b\""@2`},
		{"other letters", "A=schön 密码\n", `A="schön 密码"@1`},
	}
	for _, c := range cases {
		all, err := Parse([]byte(c.text))
		if got := shown(all); got != c.want || err != nil {
			t.Errorf("%s: %s, %v; want %s", c.name, got, err, c.want)
		}
	}
}

func shown(all []Variable) string {
	var words []string
	for _, one := range all {
		words = append(words, fmt.Sprintf("%s=%q@%d", one.Name, one.Value, one.Line))
	}
	return strings.Join(words, " ")
}

func TestBadLinesAreNamedByNumberOnly(t *testing.T) {
	cases := []struct{ name, text, line string }{
		{"no assignment", "A=1\nhunter2secret\n", "line 2:"},
		{"a value that goes on", "A=begin\nhunter2+secret==\n", "line 2:"},
		{"colon", "A: hunter2secret", "line 1:"},
		{"digit first", "1A=hunter2secret", "line 1:"},
		{"dash", "A-B=hunter2secret", "line 1:"},
		{"no name", "=hunter2secret", "line 1:"},
		{"export alone", "export \n", "line 1:"},
		{"open double quote", "A=1\nB=\"hunter2secret\nC=2\n", "line 2:"},
		{"open single quote", "A='hunter2secret", "line 1:"},
		{"quote that is escaped away", `A="hunter2secret\"`, "line 1:"},
		{"text behind a quote", "A='x\ny' hunter2secret", "line 2:"},
		{"twice", "A=1\nB=2\nA=hunter2secret", "line 3: A is set a second time, first in line 1"},
		{"UTF-16", "A\x00=\x00h\x00u\x00n\x00t\x00e\x00r\x002\x00", "UTF-8"},
		{"Latin-1", "A=hunter2secret\xe9", "UTF-8"},
	}
	for _, c := range cases {
		all, err := Parse([]byte(c.text))
		switch {
		case fault.Code(err) != fault.CodeUsage || all != nil:
			t.Errorf("%s: %s, %v", c.name, shown(all), err)
		case !strings.Contains(err.Error(), c.line) || strings.Contains(err.Error(), "hunter2"):
			t.Errorf("%s: says %q", c.name, err)
		}
	}
}

// FuzzParse: no panic, no byte of a bad file in the error, and what is written
// in double quotes comes back.
func FuzzParse(f *testing.F) {
	f.Add("A=1\nB='2'", "va\"l\\u$e\n")
	f.Fuzz(func(t *testing.T, text, value string) {
		if all, err := Parse([]byte(text)); err == nil {
			for _, one := range all {
				if nameLength([]byte(one.Name)) != len(one.Name) || one.Line < 1 {
					t.Fatalf("%+v", one)
				}
			}
		}
		if strings.ToValidUTF8(value, "") != value || strings.ContainsAny(value, "\x00\r") {
			return
		}
		quoted := strings.NewReplacer(`\`, `\\`, `"`, `\"`, `$`, `\$`).Replace(value)
		all, err := Parse([]byte("export A = \"" + quoted + "\" # c\nB=1\n"))
		if err != nil || len(all) != 2 || string(all[0].Value) != value {
			t.Fatalf("%q became %s, %v", value, shown(all), err)
		}
	})
}
