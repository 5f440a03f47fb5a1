package output

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"reflect"
	"strings"
	"testing"

	"sigs.k8s.io/yaml"

	"github.com/clawql/clawql-workbench/shared/fault"
)

type report struct {
	Header `json:",inline"`
	Name   string   `json:"name"`
	Items  []string `json:"items"`
}

func TestEncode(t *testing.T) {
	value := report{Head("DeployReport"), "a < b & c > d: \"x\"", []string{"5 %", "true", "1e3", "line\nbreak", "\u2028"}}
	var asJSON, asYAML bytes.Buffer
	if err := errors.Join(Encode(&asJSON, JSON, value), Encode(&asYAML, YAML, value)); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(asJSON.String(), `"a < b & c > d: \"x\""`) || !strings.HasSuffix(asJSON.String(), "}\n") {
		t.Errorf("JSON is escaped for browsers, or does not end its line:\n%s", asJSON.String())
	}
	var fromJSON, fromYAML report
	if err := json.Unmarshal(asJSON.Bytes(), &fromJSON); err != nil {
		t.Error(err)
	}
	if err := yaml.UnmarshalStrict(asYAML.Bytes(), &fromYAML); err != nil {
		t.Error(err)
	}
	if !reflect.DeepEqual(fromJSON, value) || !reflect.DeepEqual(fromYAML, value) {
		t.Errorf("not the same after the round: %+v %+v", fromJSON, fromYAML)
	}
	if !strings.Contains(asYAML.String(), "apiVersion: clawql.io/v1alpha1\n") {
		t.Errorf("YAML:\n%s", asYAML.String())
	}
}

func TestEncodeRefusesWhatIsNoObjectOfOurs(t *testing.T) {
	values := []any{nil, 1, []string{"a"}, map[string]string{"kind": "X"}, Header{APIVersion, ""}, Header{"v1", "List"}, func() {}}
	for _, value := range values {
		var b bytes.Buffer
		if err := Encode(&b, JSON, value); fault.Code(err) != fault.CodeUnable || b.Len() > 0 {
			t.Errorf("%v: %v, wrote %q", value, err, b.String())
		}
	}
	if err := Encode(io.Discard, SARIF, report{Header: Head("X")}); err == nil {
		t.Error("an object was written as sarif")
	}
}

func TestParseFormat(t *testing.T) {
	if got, err := ParseFormat("", Table, JSON); got != Table || err != nil {
		t.Errorf("the default is %q, %v", got, err)
	}
	if got, err := ParseFormat("json", Table, JSON); got != JSON || err != nil {
		t.Errorf("%q, %v", got, err)
	}
	for _, bad := range []string{"JSON", "yaml", "xml", " json"} {
		_, err := ParseFormat(bad, Table, JSON)
		if fault.Code(err) != fault.CodeUsage || !strings.Contains(err.Error(), "allowed: table, json") {
			t.Errorf("%q: %v", bad, err)
		}
	}
}

func TestFailure(t *testing.T) {
	var b bytes.Buffer
	if err := EncodeFailure(&b, JSON, fault.Usage("no <such> thing").Hint("look")); err != nil {
		t.Fatal(err)
	}
	want := `{
  "apiVersion": "clawql.io/v1alpha1",
  "kind": "Failure",
  "error": {
    "message": "no <such> thing",
    "hints": [
      "look"
    ],
    "code": 2
  }
}
`
	if b.String() != want {
		t.Errorf("%s", b.String())
	}
}

func TestReported(t *testing.T) {
	err := Reported(fault.No("rolled back").Hint("see history"))
	var b bytes.Buffer
	if failed := EncodeFailure(&b, JSON, err); failed != nil || b.Len() > 0 {
		t.Errorf("a second object: %q, %v", b.String(), failed)
	}
	if fault.Code(err) != fault.CodeNo || len(fault.Hints(err)) != 1 || Reported(nil) != nil {
		t.Errorf("the mark hides the error: code %d, hints %q", fault.Code(err), fault.Hints(err))
	}
	if problem := ProblemOf(err); problem.Message != "rolled back" || ProblemOf(nil) != nil {
		t.Errorf("%+v", problem)
	}
}

func TestRowsAlign(t *testing.T) {
	table := Rows{Indent: 2, Right: []int{1}}
	table.Add("\x1b[32mok\x1b[0m", "1", "a sentence that is far longer than the others")
	table.Add("unknown", "1234", "b")
	table.Add("世界", "56", "")
	table.Add("single")
	var b bytes.Buffer
	if err := table.Write(&b); err != nil {
		t.Fatal(err)
	}
	want := "  \x1b[32mok\x1b[0m          1  a sentence that is far longer than the others\n" +
		"  unknown  1234  b\n" +
		"  世界       56\n" +
		"  single\n"
	if b.String() != want {
		t.Errorf("got\n%s\nwant\n%s", b.String(), want)
	}
	if err := new(Rows).Write(failing{}); err != nil {
		t.Errorf("an empty table writes: %v", err)
	}
}

type failing struct{}

func (failing) Write([]byte) (int, error) { return 0, io.ErrClosedPipe }

func TestWriteErrorsAreSeen(t *testing.T) {
	table := Rows{}
	table.Add("a")
	if table.Write(failing{}) == nil || Encode(failing{}, JSON, report{Header: Head("X")}) == nil {
		t.Error("a full disk went unnoticed")
	}
}
