// Package hookinstall puts the hooks of git-clawql-hooks into a repository, or
// before all repositories of a user, and takes them out again.
//
// It looks first (Look), then plans on a copy of what it saw (Site.Install,
// Site.Uninstall: pure), and only then acts (Plan.Apply). A plan is made by
// taking everything of ours out and putting it in anew, and is the difference
// of the two pictures: so a second install changes nothing, an install repairs
// what others overwrote, and an uninstall needs no memory of the install.
//
// There are three layouts:
//
//   - config: git 2.54 and later run `hook.<name>.command` beside every other
//     hook. Nobody's file is touched.
//   - beside: core.hooksPath is not set. Our text takes the hook's place in
//     .git/hooks, and runs the one that was there, as HOOK.clawql-chained.
//   - pointed: core.hooksPath is set (a folder of the work tree, a company's
//     folder), husky is about to set it, or a hook goes by its own file name. An include at the
//     end of .git/config points to a folder of ours, whose hooks run the
//     others in place. The setting of the others stays as it is; husky, which
//     writes it and its folder anew at each `npm install`, changes nothing.
//
// For a user (--global) it is config, or pointed in the user's configuration.
//
// Our hook runs first. A commit that is refused anyway need not wait for
// formatters and tests; and what they change afterwards is looked at again by
// reference-transaction, which no manager of hooks touches.
package hookinstall
