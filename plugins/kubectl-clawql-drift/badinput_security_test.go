package main

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

const goodFolder = `apiVersion: v1
kind: Namespace
metadata: {name: clawql}
---
apiVersion: v1
kind: Secret
metadata: {name: s, namespace: clawql}
stringData: {a: VALUE}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: default-deny, namespace: clawql}
spec: {podSelector: {}, policyTypes: [Ingress, Egress]}
`

// after is the good folder with something after it.
func after(more string) string { return goodFolder + "---\n" + more }

const secretHead = "apiVersion: v1\nkind: Secret\nmetadata: {name: t, namespace: clawql}\n"

// broken are texts of all.yaml that must end as an error (exit 3), with the
// value that stands in them nowhere. No one of them is equal to anything.
var broken = map[string]string{
	"a tab":                         after(secretHead + "stringData:\n\ta: VALUE\n"),
	"a colon in the value":          after(secretHead + "stringData:\n  a: VALUE: VALUE\n"),
	"a bracket that stays open":     after(secretHead + "stringData: {a: [VALUE}\n"),
	"a quote that stays open":       after(secretHead + "stringData: {a: \"VALUE}\n"),
	"a wrong escape":                after(secretHead + "stringData: {a: \"VALUE\\q\"}\n"),
	"an unknown alias":              after(secretHead + "stringData: {a: *VALUE}\n"),
	"an unknown tag":                after(secretHead + "stringData: {a: !!int VALUE}\n"),
	"a tag of binary":               after(secretHead + "stringData: {a: !!binary VALUE%}\n"),
	"a value as a key":              after(secretHead + "stringData: {? {VALUE: VALUE} : x}\n"),
	"a list as a key":               after(secretHead + "stringData: {? [VALUE] : x}\n"),
	"a key twice":                   after(secretHead + "stringData: {a: VALUE, a: VALUE}\n"),
	"a key twice, one in JSON":      after(`{"apiVersion":"v1","kind":"Secret","metadata":{"name":"t"},"stringData":{"a":"VALUE","a":"VALUE"}}`),
	"a merge of what is none":       after(secretHead + "stringData:\n  <<: VALUE\n"),
	"no base64":                     after(secretHead + "data: {a: VALUE!}\n"),
	"base64 without its end":        after(secretHead + "data: {a: VALUEx}\n"),
	"a number":                      after(secretHead + "data: {a: 4711}\nstringData: {b: VALUE}\n"),
	"a list of values":              after(secretHead + "stringData: [VALUE]\n"),
	"a text for a map":              after(secretHead + "stringData: VALUE\n"),
	"a map for a value":             after(secretHead + "stringData: {a: {b: VALUE}}\n"),
	"annotations of a Secret":       after("apiVersion: v1\nkind: Secret\nmetadata: {name: t, namespace: clawql, annotations: [VALUE]}\n"),
	"a field that no Secret has":    after(secretHead + "stringdata: {a: VALUE}\n"),
	"a type that is no text":        after(secretHead + "type: {VALUE: 1}\nstringData: {a: VALUE}\n"),
	"immutable that is no boolean":  after(secretHead + "immutable: VALUE\nstringData: {a: x}\n"),
	"kind: secret":                  after("apiVersion: v1\nkind: secret\nmetadata: {name: t, namespace: clawql}\nstringData: {a: VALUE}\n"),
	"a Secret of core/v1":           after("apiVersion: core/v1\nkind: Secret\nmetadata: {name: t, namespace: clawql}\nstringData: {a: VALUE}\n"),
	"a mark of documents":           after(secretHead + "stringData:\n  a: |\n---VALUE\n"),
	"a key that is not indented":    after(secretHead + "stringData:\n  a: |\n-----BEGIN PRIVATE KEY-----\nVALUE\n"),
	"a NUL":                         after(secretHead + "stringData: {a: \"VALUE\x00\"}\n"),
	"UTF-16":                        utf16(after(secretHead + "stringData: {a: VALUE}\n")),
	"latin-1":                       after(secretHead + "stringData: {a: \"VALUE\xe9\"}\n"),
	"1e999":                         after("apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec: {priority: 1e999, x: VALUE}\n"),
	"an alias bomb":                 after("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: b}\ndata:\n  a: &a [VALUE,VALUE,VALUE,VALUE,VALUE,VALUE,VALUE,VALUE,VALUE]\n  b: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a]\n  c: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b]\n  d: &d [*c,*c,*c,*c,*c,*c,*c,*c,*c]\n  e: &e [*d,*d,*d,*d,*d,*d,*d,*d,*d]\n  f: &f [*e,*e,*e,*e,*e,*e,*e,*e,*e]\n  g: &g [*f,*f,*f,*f,*f,*f,*f,*f,*f]\n"),
	"10,000 levels":                 after("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: d}\ndata: {a: " + strings.Repeat("[", 10000) + "VALUE" + strings.Repeat("]", 10000) + "}\n"),
	"100,000 levels of JSON":        after(`{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"d"},"data":` + strings.Repeat(`{"a":`, 100000) + `"VALUE"` + strings.Repeat("}", 100001)),
	"a name that is a path":         after("apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\nmetadata: {name: clawql/reader}\n"),
	"a kind of two words":           after("apiVersion: example.com/v1\nkind: Role clawql\nmetadata: {name: x}\nspec: {a: VALUE}\n"),
	"a namespace that is a path":    after("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x, namespace: a/b}\n"),
	"a policy with a typing error":  after("apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: p, namespace: clawql}\nspec: {podSelector: {}, policyType: [Ingress]}\n"),
	"a policy of a wrong type":      after("apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: p, namespace: clawql}\nspec: {podSelector: VALUE}\n"),
	"a policy of no version":        after("apiVersion: networking.k8s.io/v9\nkind: NetworkPolicy\nmetadata: {name: p, namespace: clawql}\nspec: {podSelector: {}, nobody: knows}\n"),
	"a role of a wrong type":        after("apiVersion: rbac.authorization.k8s.io/v1\nkind: Role\nmetadata: {name: p, namespace: clawql}\nrules: VALUE\n"),
	"a workload of a wrong type":    after("apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: p, namespace: clawql}\nspec: {template: {spec: {containers: [{name: a, env: [{name: X_TOKEN, value: {VALUE: VALUE}}]}]}}}\n"),
	"a workload without a list":     after("apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: p, namespace: clawql}\nspec: {template: {spec: {containers: VALUE}}}\n"),
	"a time that is none":           after("apiVersion: v1\nkind: Pod\nmetadata: {name: p, namespace: clawql, creationTimestamp: VALUE}\nspec: {containers: []}\n"),
	"a quantity that is none":       after("apiVersion: v1\nkind: Pod\nmetadata: {name: p, namespace: clawql}\nspec: {containers: [{name: a, resources: {limits: {cpu: VALUE}}}]}\n"),
	"an object twice":               goodFolder + "---\n" + goodFolder,
	"a list within a list, twice":   after("apiVersion: v1\nkind: List\nitems:\n- {apiVersion: v1, kind: List, items: [{apiVersion: v1, kind: ConfigMap, metadata: {name: x}}, {apiVersion: v1, kind: ConfigMap, metadata: {name: x}}]}\n"),
	"a list that holds a text":      after("apiVersion: v1\nkind: SecretList\nitems: [VALUE]\n"),
	"a list whose items are none":   after("apiVersion: v1\nkind: SecretList\nitems: {a: VALUE}\n"),
	"a list of Secrets, one broken": after("apiVersion: v1\nkind: SecretList\nitems: [{apiVersion: v1, kind: Secret, metadata: {name: l}, data: {a: VALUE!}}]\n"),
	"a text":                        after("VALUE\n"),
	"a list of a file":              after("- VALUE\n"),
	"JSON behind YAML":              after(secretHead + "stringData: {a: x}\n{\"a\": \"VALUE\"}\n"),
	"half a document":               goodFolder[:len(goodFolder)-30],
	"an end and more":               goodFolder + "...\nVALUE: [\n",
}

// utf16 is a text as Windows writes it.
func utf16(text string) string {
	wide := []byte{0xff, 0xfe}
	for _, b := range []byte(text) {
		wide = append(wide, b, 0)
	}
	return string(wide)
}

const planted = "cn9b3e17c05d2a44f8"

// failed checks what a comparison says of something that it cannot read: exit
// 3, one error, no value, and soon.
func failed(t *testing.T, name string, got said) {
	t.Helper()
	if got.code != 3 || !strings.Contains(got.err, "kubectl clawql drift: error: ") || strings.Contains(got.out, "equal") {
		t.Errorf("%s: exit %d\n%.800s", name, got.code, got.all())
	}
	for _, leak := range []string{planted, "Y245YjNlMTdjMDVkMmE0NGY4", "9b3e17c0"} {
		if strings.Contains(got.all(), leak) {
			t.Errorf("%s: the value is in what it says\n%.800s", name, got.all())
		}
	}
	if len(got.err) > 2000 {
		t.Errorf("%s: %d bytes of error", name, len(got.err))
	}
}

func TestBrokenManifestsAreNeverEqual(t *testing.T) {
	t.Chdir(t.TempDir())
	put(t, "good/all.yaml", strings.ReplaceAll(goodFolder, "VALUE", planted))
	for name, text := range broken {
		put(t, "broken/all.yaml", strings.ReplaceAll(text, "VALUE", planted))
		for _, sides := range [][2]string{{"broken", "broken"}, {"good", "broken"}, {"broken", "good"}} {
			begun := time.Now()
			got := command("--from", "dir:"+sides[0], "--to", "dir:"+sides[1])
			failed(t, name, got)
			if took := time.Since(begun); took > 20*time.Second {
				t.Errorf("%s takes %v", name, took)
			}
		}
		failed(t, name+", as JSON", command("--from", "dir:broken", "--to", "dir:good", "-o", "json"))
		if got := command("snapshot", "dir:broken", "-o", "x.snap", "--unsigned"); got.code == 0 {
			unfit := command("--from", "file:x.snap", "--to", "dir:good", "--unsigned") // what only a comparison finds out
			failed(t, name+", in a snapshot", unfit)
		} else {
			failed(t, name+", a snapshot of it", got)
		}
	}
}

// A variable that stands twice is what an API server takes, and what has no one
// value: that object is not compared, all others are.
func TestAVariableTwiceIsNotCompared(t *testing.T) {
	t.Chdir(t.TempDir())
	const twice = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: p, namespace: clawql}\nspec: {template: {spec: {containers: [{name: a, image: i, env: [{name: X_TOKEN, value: VALUE}, {name: X_TOKEN, value: OTHER}]}]}}}\n"
	put(t, "a/all.yaml", strings.NewReplacer("VALUE", planted, "OTHER", "x").Replace(after(twice)))
	put(t, "b/all.yaml", strings.NewReplacer("VALUE", planted, "OTHER", planted+"2").Replace(after(twice)))
	got := command("--from", "dir:a", "--to", "dir:b")
	if got.code != 3 || !strings.Contains(got.out, "NOT COMPARED") || !strings.Contains(got.out, "Deployment p") || strings.Contains(got.all(), planted) {
		t.Errorf("%+v", got)
	}
}

// The same objects in another dress are equal, or an error; never a difference
// that is none.
func TestOtherDressesOfAFolder(t *testing.T) {
	t.Chdir(t.TempDir())
	put(t, "good/all.yaml", strings.ReplaceAll(goodFolder, "VALUE", planted))
	parts := strings.Split(strings.ReplaceAll(goodFolder, "VALUE", planted), "---\n")
	for name, text := range map[string]string{
		"a byte order mark": "\ufeff" + goodFolder, "line ends of Windows": strings.ReplaceAll(goodFolder, "\n", "\r\n"),
		"comments": "# a\n---\n# b\n" + goodFolder + "---\n# c\n", "empty documents": "---\n---\n" + goodFolder + "---\n---\n",
		"a mark with a comment": strings.ReplaceAll(goodFolder, "---\n", "--- # next\n"), "a mark with blanks": strings.ReplaceAll(goodFolder, "---\n", "---  \n"),
		"an end of a document": strings.ReplaceAll(goodFolder, "---\n", "...\n---\n"), "no line end": strings.TrimSuffix(goodFolder, "\n"),
		"a directive": "%YAML 1.1\n---\n" + goodFolder, "null": goodFolder + "---\nnull\n", "{}": goodFolder + "---\n{}\n",
		"lists in lists": "apiVersion: v1\nkind: List\nitems:\n- apiVersion: v1\n  kind: List\n  items:\n  -" + strings.ReplaceAll("\n"+strings.TrimSuffix(parts[0], "\n"), "\n", "\n    ")[4:] +
			"\n-" + strings.ReplaceAll("\n"+strings.TrimSuffix(parts[1], "\n"), "\n", "\n  ")[2:] + "\n-" + strings.ReplaceAll("\n"+strings.TrimSuffix(parts[2], "\n"), "\n", "\n  ")[2:] + "\n",
	} {
		put(t, "other/all.yaml", strings.ReplaceAll(text, "VALUE", planted))
		got := command("--from", "dir:other", "--to", "dir:good")
		if got.code != 0 && got.code != 3 {
			t.Errorf("%s: exit %d\n%s", name, got.code, got.all())
		}
		t.Logf("%s: exit %d %.120s", name, got.code, got.err)
	}
}

// What is no file, and what changes while it is read.
func TestFoldersWithTraps(t *testing.T) {
	t.Chdir(t.TempDir())
	put(t, "good/all.yaml", goodFolder)
	for name, set := range map[string]func(dir string) error{
		"a pipe":                func(dir string) error { return syscall.Mkfifo(dir+"/x.yaml", 0o600) },
		"a link to itself":      func(dir string) error { return os.Symlink("x.yaml", dir+"/x.yaml") },
		"a link to the folder":  func(dir string) error { return os.Symlink(".", dir+"/x.yaml") },
		"a link to /dev/zero":   func(dir string) error { return os.Symlink("/dev/zero", dir+"/x.yaml") },
		"a link to nothing":     func(dir string) error { return os.Symlink("none", dir+"/x.yaml") },
		"a link outside":        func(dir string) error { return os.Symlink("../good/all.yaml", dir+"/x.yaml") },
		"a folder of that name": func(dir string) error { return os.Mkdir(dir+"/x.yaml", 0o700) },
		"a device":              func(dir string) error { return syscall.Mknod(dir+"/x.yaml", syscall.S_IFCHR|0o600, 1<<8|5) },
		"a socket": func(dir string) error {
			fd, err := syscall.Socket(syscall.AF_UNIX, syscall.SOCK_STREAM, 0)
			if err != nil {
				return err
			}
			defer syscall.Close(fd)
			return syscall.Bind(fd, &syscall.SockaddrUnix{Name: dir + "/x.yaml"})
		},
	} {
		dir := filepath.Join("trap", strings.ReplaceAll(strings.ReplaceAll(name, "/", ""), " ", "-"))
		put(t, dir+"/all.yaml", goodFolder)
		if err := set(dir); err != nil {
			t.Logf("%s: %v", name, err)
			continue
		}
		answered := make(chan said, 1)
		go func() { answered <- command("--from", "dir:"+dir, "--to", "dir:good") }()
		select {
		case got := <-answered:
			if name == "a folder of that name" && got.code == 0 {
				continue // there is nothing in it
			}
			failed(t, name, got)
		case <-time.After(20 * time.Second):
			t.Fatalf("%s: no answer", name)
		}
	}
	if os.Geteuid() != 0 {
		put(t, "closed/all.yaml", goodFolder)
		if err := os.Chmod("closed/all.yaml", 0); err != nil {
			t.Fatal(err)
		}
		failed(t, "an unreadable file", command("--from", "dir:closed", "--to", "dir:good"))
	}
	for _, none := range []string{"none", "good/all.yaml", "\x00"} {
		if got := command("--from", "dir:"+none, "--to", "dir:good"); got.code != 2 {
			t.Errorf("dir:%q: %+v", none, got)
		}
	}
}

// Every name of a broken text says what is wrong with it in one line.
func TestErrorsSayWhere(t *testing.T) {
	t.Chdir(t.TempDir())
	put(t, "good/all.yaml", goodFolder)
	var silent []string
	for name, text := range broken {
		put(t, "broken/all.yaml", text)
		got := command("--from", "dir:broken", "--to", "dir:good")
		line, _, _ := strings.Cut(got.err, "\n")
		if !strings.Contains(line, "all.yaml") && !strings.Contains(line, "clawql/") && !strings.Contains(line, "default/") {
			silent = append(silent, name+": "+line)
		}
	}
	slices.Sort(silent)
	if len(silent) > 0 {
		t.Errorf("neither the file nor the object is named:\n%s", strings.Join(silent, "\n"))
	}
}

// A kubeconfig that is broken where its secrets are: an error (exit 2 or 3), and
// nothing of them.
func TestBrokenKubeconfigsQuoteNothing(t *testing.T) {
	t.Chdir(t.TempDir())
	put(t, "good/all.yaml", goodFolder)
	const whole = "apiVersion: v1\nkind: Config\nclusters: [{name: c, cluster: {server: 'https://127.0.0.1:1'}}]\ncontexts: [{name: ctx, context: {cluster: c, user: u}}]\nusers:\n- name: u\n  user:\n    USER\n"
	for name, user := range map[string]string{
		"a list for a token": "token: [VALUE]", "a map for a token": "token: {VALUE: VALUE}", "a colon": "token: VALUE: VALUE", "a quote": "token: \"VALUE", "a bracket": "{token: VALUE",
		"an alias": "token: *VALUE", "a tag": "token: !!int VALUE", "a key twice": "token: VALUE\n    token: VALUE", "no base64": "client-key-data: VALUE%\n    client-certificate-data: VALUE",
		"no key": "client-key-data: Y245YjNlMTdjMDVkMmE0NGY4\n    client-certificate-data: Y245YjNlMTdjMDVkMmE0NGY4", "a text for a user": "VALUE", "a password without a name": "password: VALUE",
		"a wrong program":                    "exec: {apiVersion: client.authentication.k8s.io/v1, interactiveMode: Never, command: /nowhere/at/all, args: [--token, VALUE], env: [{name: T, value: VALUE}]}",
		"a program that fails":               "exec: {apiVersion: client.authentication.k8s.io/v1, interactiveMode: Never, command: 'false', args: [--token, VALUE], env: [{name: T, value: VALUE}]}",
		"a program that says something else": "exec: {apiVersion: client.authentication.k8s.io/v1, interactiveMode: Never, command: echo, args: ['{\"status\":{\"token\":\"VALUE\"}}']}",
		"a tab":                              "\ttoken: VALUE", "a file that is none": "tokenFile: /nowhere/at/all\n    token: VALUE", "two ways": "token: VALUE\n    username: u\n    password: VALUE",
	} {
		put(t, "kubeconfig", strings.ReplaceAll(strings.Replace(whole, "USER", user, 1), "VALUE", planted))
		for _, args := range [][]string{{"--from", "dir:good", "--to", "ctx/clawql"}, {"snapshot", "ctx/clawql", "-o", "x", "--unsigned"}, {"rbac", "ctx/clawql"}, {"run", "--from", "dir:good", "--to", "ctx/clawql", "--history", "ctx/x"}} {
			got := command(append(args, "--kubeconfig", "kubeconfig", "--request-timeout", "5s")...)
			if got.code != 2 && got.code != 3 || strings.Contains(got.all(), planted) || strings.Contains(got.all(), "Y245YjNl") {
				t.Errorf("%s: %v: exit %d\n%.700s", name, args[0], got.code, got.all())
			}
		}
	}
}
