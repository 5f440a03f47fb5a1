package atrroles

import (
	"fmt"
	"testing"

	"github.com/clawql/clawql-workbench/shared/finding"
)

const (
	plainRule = `{"actorType":"agent","roles":["r"],"verticals":["v"],"operations":["a__b"]}`
	moreRule  = `{"actorType":"agent","roles":["r"],"verticals":["v"],"operations":["a__b","a__c"]}`
	openRule  = `{"actorType":"agent","roles":["admin"],"verticals":["v"],"operations":["x__y"]}`
	mfaRule   = `{"actorType":"agent","roles":["admin"],"verticals":["v"],"operations":["x__y"],"conditions":{"mfa":true}}`
	denyRule  = `{"actorType":"agent","roles":["admin"],"verticals":["v"],"operations":["x__z"],"effect":"deny"}`
)

// An operation that one side adds hides nothing that the other may let happen.
func TestAnOperationMoreHidesNoOtherRule(t *testing.T) {
	document := func(rules string) string { return fmt.Sprintf(`{"rules":[%s]}`, rules) }
	for _, one := range []struct {
		name, from, to string
		settled        bool
	}{
		{"a role without MFA", plainRule + "," + openRule, moreRule + "," + mfaRule, false},
		{"a rule that may forbid", plainRule, moreRule + "," + denyRule, false},
		{"a wider star elsewhere", plainRule + `,{"actorType":"agent","roles":["q"],"verticals":["v"],"operations":["*"],"conditions":{"k":1}}`, moreRule, false},
		{"nothing else", plainRule + "," + openRule, moreRule + "," + openRule, true},
		{"a condition that only the narrow side has", plainRule + "," + mfaRule, moreRule + "," + openRule, true},
		{"a pattern that covers it", plainRule, `{"actorType":"agent","roles":["r"],"verticals":["v"],"operations":["a__*"]}`, true},
	} {
		t.Run(one.name, func(t *testing.T) {
			there, back := compare(t, side(document(one.from)), side(document(one.to))), compare(t, side(document(one.to)), side(document(one.from)))
			if len(there.Findings) != 1 || there.Findings[0].Direction != finding.Stricter || len(back.Findings) != 1 || back.Findings[0].Direction != finding.MorePermissive {
				t.Fatalf("%+v %+v", there.Findings, back.Findings)
			}
			if (len(there.Judged) > 0) != one.settled || (len(back.Judged) > 0) != one.settled {
				t.Errorf("judged: %v, swapped %v", there.Judged, back.Judged)
			}
		})
	}
}
