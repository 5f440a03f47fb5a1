package main

import "testing"

// What is mapped twice is never decided by which flag comes last.
func TestAMappingThatIsGivenTwiceIsRefused(t *testing.T) {
	for _, values := range [][]string{{"a=b", "a=c"}, {"a=x=b=x", "a=x=c=x"}} {
		if got, err := labels(values); err == nil {
			t.Errorf("%v: %v", values, got)
		}
	}
	if got, err := networks([]string{"10.0.0.0/16=10.1.0.0/16", "10.0.0.9/16=10.2.0.0/16"}); err == nil {
		t.Errorf("%v", got)
	}
	if got, err := labels([]string{"a=b", "a=b", "c=x=c=y"}); err != nil || len(got) != 2 {
		t.Errorf("%v %v", got, err)
	}
}

// A chain, or two namespaces for one, would make two environments one.
func TestNamespacesThatFoldTwoIntoOneAreRefused(t *testing.T) {
	for _, c := range []struct {
		values []string
		fine   bool
	}{
		{[]string{"a=b"}, true},
		{[]string{"a=b", "b=a"}, true},
		{[]string{"a=b", "c=d"}, true},
		{[]string{"a=b", "b=c", "c=a"}, true},
		{[]string{"a=a"}, true},
		{[]string{"a=c", "b=c"}, false},
		{[]string{"a=b", "b=c"}, false},
	} {
		names, err := pairs("--map-namespace", c.values, 1)
		if err != nil {
			t.Fatal(err)
		}
		if err := exchangeable(names); (err == nil) != c.fine {
			t.Errorf("%v: %v", c.values, err)
		}
	}
}
