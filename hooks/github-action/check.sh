#!/bin/sh
# check.sh: what action.yml runs. It finds out what a push or pull request
# brings, and asks git-clawql-hooks what its hooks would say: the policy is that of the
# old side, so nothing that is checked brings its own permission.
# The checkout must have the whole history (actions/checkout: fetch-depth: 0).
set -u

program=${CLAWQL_HOOKS_PROGRAM:-git-clawql-hooks}

stop() {
	echo "git clawql-hooks: error: $1" >&2
	echo "hint: $2" >&2
	exit 3
}

command -v "$program" >/dev/null || stop "$program is not here" "install git-clawql-hooks in a step before"
[ "$(git rev-parse --is-shallow-repository)" = false ] ||
	stop "this checkout is not the whole history" "actions/checkout with fetch-depth: 0"

has() { git cat-file -e "$1^{commit}" 2>/dev/null; }

# The branch that the commits enter, and what it had before.
branch=${CLAWQL_REF#refs/heads/}
base=${CLAWQL_BEFORE:-}
case $CLAWQL_EVENT in
pull_request | pull_request_target)
	branch=$CLAWQL_BASE_REF
	base=$(git rev-parse --verify --quiet "refs/remotes/origin/$branch^{commit}") ||
		stop "the branch $branch is not here" "actions/checkout with fetch-depth: 0"
	;;
merge_group) branch=$CLAWQL_DEFAULT_BRANCH ;;
esac
after=$CLAWQL_AFTER

case $after in
*[!0]*) ;;
*) echo "nothing is left of $branch: nothing to check" && exit 0 ;;
esac
has "$after" || stop "commit $after is not here" "actions/checkout with fetch-depth: 0"
case $base in
*[!0]*) has "$base" || base= ;; # a forced push: what was there is gone
*) base= ;;
esac

# A new branch, a tag, a forced push: what the default branch lacks.
if [ -z "$base" ]; then
	[ "$branch" != "$CLAWQL_DEFAULT_BRANCH" ] ||
		stop "what $branch was before is gone: whose policy counts cannot be told" "look at the forced push by hand, then run this again on the next push"
	base=$(git rev-parse --verify --quiet "refs/remotes/origin/$CLAWQL_DEFAULT_BRANCH^{commit}") ||
		stop "the branch $CLAWQL_DEFAULT_BRANCH is not here" "actions/checkout with fetch-depth: 0"
fi

ref=refs/heads/$branch
case $CLAWQL_REF in
refs/tags/*) ref=$CLAWQL_REF after=$(git rev-parse "$CLAWQL_REF") ;; # the tag's own text and signature too
esac
"$program" run ci "$base" "$after" "$ref" || exit
echo "nothing to refuse in $base..$after for $ref"
