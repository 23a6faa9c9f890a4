# fish completion for agenix-check; made by `agenix-check completion fish`.

function __agenix_check_verb --description 'the verb that was typed'
    set -l words (commandline -opc)
    set -l skip 0
    for word in $words[2..-1]
        if test $skip = 1
            set skip 0
        else if contains -- $word --age --color --evaluate --fail-on --format --from-ref --grant --identity --ignore --inventory --junit --key --list --new-from --nix-jobs --nix-memory --nix-timeout --node --output --reader --rev --secret --settings --to-ref -i
            set skip 1
        else if not string match -q -- '-*' $word
            echo $word
            return
        end
    end
end

function __agenix_check_is --description 'whether one of these verbs was typed'
    set -l verb (__agenix_check_verb)
    test -n "$verb"; or set verb check
    contains -- $verb $argv
end

complete -c agenix-check -f
complete -c agenix-check -n 'test -z (__agenix_check_verb)' -a check -d 'check the secrets (this verb may be left out)'
complete -c agenix-check -n 'test -z (__agenix_check_verb)' -a fleet -d 'show the nodes, secrets, sources and outputs that were found'
complete -c agenix-check -n 'test -z (__agenix_check_verb)' -a access -d 'show who can read what; with --from-ref: who gains, who loses'
complete -c agenix-check -n 'test -z (__agenix_check_verb)' -a exposure -d 'show what former readers could read, and what of it to rotate'
complete -c agenix-check -n 'test -z (__agenix_check_verb)' -a inspect -d 'show what an age file says without a key, and what the tree knows of it'
complete -c agenix-check -n 'test -z (__agenix_check_verb)' -a init -d 'set a repository up: hook, CI, settings; it shows them first'
complete -c agenix-check -n 'test -z (__agenix_check_verb)' -a hook -d 'pre-push: judge every ref that is pushed, as a hook that Git calls'
complete -c agenix-check -n 'test -z (__agenix_check_verb)' -a config -d 'show the settings in force, and who set them'
complete -c agenix-check -n 'test -z (__agenix_check_verb)' -a driver -d 'show and merge age files for Git, which calls it; init sets it up'
complete -c agenix-check -n 'test -z (__agenix_check_verb)' -a rules -d 'list all rules'
complete -c agenix-check -n 'test -z (__agenix_check_verb)' -a explain -d 'explain a rule'
complete -c agenix-check -n 'test -z (__agenix_check_verb)' -a schema -d 'print the JSON Schema of the report, the lock file, or another document'
complete -c agenix-check -n 'test -z (__agenix_check_verb)' -a demo -d 'see a sample fleet break, and the fixes, in five stories'
complete -c agenix-check -n 'test -z (__agenix_check_verb)' -a completion -d 'print the script that completes commands in bash, zsh or fish'
complete -c agenix-check -n 'test -z (__agenix_check_verb)' -a help -d 'show the help of a verb'
complete -c agenix-check -n 'test -z (__agenix_check_verb)' -a version -d 'print the version'
complete -c agenix-check -n '__agenix_check_is check fleet access exposure inspect init hook config driver rules explain schema demo completion help version' -s h -l help -d 'show this help message and exit'
complete -c agenix-check -n '__agenix_check_is check' -s V -l version -d 'print the version and exit'
complete -c agenix-check -n '__agenix_check_is check fleet access' -l staged -d 'check the index against HEAD (the default)'
complete -c agenix-check -n '__agenix_check_is check fleet access exposure' -l rev -x -a '(git for-each-ref --format="%(refname:short)" 2>/dev/null)' -d 'check this commit against its first parent'
complete -c agenix-check -n '__agenix_check_is check fleet access' -l worktree -d 'check what `git add --all` would stage'
complete -c agenix-check -n '__agenix_check_is check fleet access' -l from-ref -x -a '(git for-each-ref --format="%(refname:short)" 2>/dev/null)' -d 'compare with the merge base of REV'
complete -c agenix-check -n '__agenix_check_is check fleet access' -l to-ref -x -a '(git for-each-ref --format="%(refname:short)" 2>/dev/null)' -d 'with --from-ref: the commit to check'
complete -c agenix-check -n '__agenix_check_is check fleet access' -l node -x -a '(agenix-check completion --list nodes 2>/dev/null)' -d 'only nodes that match (repeatable)'
complete -c agenix-check -n '__agenix_check_is check fleet access exposure' -l secret -x -a '(agenix-check completion --list secrets 2>/dev/null)' -d 'only secrets that match (repeatable)'
complete -c agenix-check -n '__agenix_check_is check fleet access hook' -l inventory -x -a 'auto nix lock names' -d 'auto: Nix if available, else the lock file, else file names'
complete -c agenix-check -n '__agenix_check_is check fleet access hook' -l evaluate -x -a 'always relevant never' -d 'when to evaluate with Nix again (CI: always)'
complete -c agenix-check -n '__agenix_check_is check fleet access hook' -l nix-timeout -x -d 'how long Nix may take for a node at most (120)'
complete -c agenix-check -n '__agenix_check_is check fleet access hook' -l nix-memory -x -d 'how much memory each of its processes may take (a quarter of the machine'\''s, at most 4G)'
complete -c agenix-check -n '__agenix_check_is check fleet access hook' -l nix-jobs -x -d 'how many processes may evaluate at a time (one a core, if the memory suffices)'
complete -c agenix-check -n '__agenix_check_is check fleet access' -l settings -x -a '(git for-each-ref --format="%(refname:short)" 2>/dev/null)' -d 'whose settings file decides (a range: that of --from-ref)'
complete -c agenix-check -n '__agenix_check_is check' -l format -x -a 'text github gitlab html json junit markdown sarif' -d 'format of standard output (text; on GitHub Actions: github)'
complete -c agenix-check -n '__agenix_check_is check' -l output -x -a 'text= github= gitlab= html= json= junit= markdown= sarif=' -d 'also write a report to a file (repeatable)'
complete -c agenix-check -n '__agenix_check_is check' -l junit -r -F -d 'the same as --output junit=FILE'
complete -c agenix-check -n '__agenix_check_is check exposure' -l decrypt -d 'also compare plaintexts, where the identities allow it'
complete -c agenix-check -n '__agenix_check_is check' -l fix -d 'fix what can be fixed, stage it, and check again'
complete -c agenix-check -n '__agenix_check_is check' -l dry-run -d 'with --fix: only show what would be done'
complete -c agenix-check -n '__agenix_check_is check exposure' -s i -l identity -r -F -d 'for --fix and --decrypt: an identity file (repeatable)'
complete -c agenix-check -n '__agenix_check_is check exposure' -l age -r -F -d 'the age program, for keys that are not built in'
complete -c agenix-check -n '__agenix_check_is check' -l update-masters -d 'with --fix: re-encrypt sources to all master recipients'
complete -c agenix-check -n '__agenix_check_is check' -l grant -x -a '(agenix-check completion --list nodes 2>/dev/null)' -d 'with --fix: this node or key may have its secrets; all: every new one (repeatable)'
complete -c agenix-check -n '__agenix_check_is check' -l exit-non-zero-on-fix -d 'with --fix: fail if something was fixed'
complete -c agenix-check -n '__agenix_check_is check hook' -l strict -d 'warnings fail the run'
complete -c agenix-check -n '__agenix_check_is check hook' -l require-verified -d 'outputs that cannot be verified fail the run'
complete -c agenix-check -n '__agenix_check_is check hook' -l fail-on -x -a 'all new' -d 'new: old findings do not fail a commit, or a range with a base'
complete -c agenix-check -n '__agenix_check_is check hook' -l ignore -x -a '(agenix-check completion --list rules 2>/dev/null)' -d 'switch a rule off (repeatable)'
complete -c agenix-check -n '__agenix_check_is check' -l new-from -x -a '(git for-each-ref --format="%(refname:short)" 2>/dev/null)' -d 'report only problems that are new since REV'
complete -c agenix-check -n '__agenix_check_is check hook' -l allow-empty -d 'do not fail when there is nothing to check'
complete -c agenix-check -n '__agenix_check_is check' -l exposed -d 'warn of secrets in use that former readers could read'
complete -c agenix-check -n '__agenix_check_is check fleet access exposure hook' -l no-cache -d 'ignore what earlier runs remembered, remember nothing'
complete -c agenix-check -n '__agenix_check_is check hook' -s q -l quiet -d 'show only what is wrong'
complete -c agenix-check -n '__agenix_check_is check hook' -s v -l verbose -d 'show old findings and notes in full'
complete -c agenix-check -n '__agenix_check_is check hook' -l color -x -a 'auto always never' -d 'when to use colours'
complete -c agenix-check -n '__agenix_check_is check' -l no-progress -d 'hide progress'
complete -c agenix-check -n '__agenix_check_is fleet inspect config' -l format -x -a 'text json' -d 'how to print it'
complete -c agenix-check -n '__agenix_check_is fleet' -l lock -d 'write agenix-check.lock, for CI without Nix'
complete -c agenix-check -n '__agenix_check_is access' -l reader -x -d 'only readers whose name, key, fingerprint or file matches (repeatable)'
complete -c agenix-check -n '__agenix_check_is access' -l format -x -a 'text json markdown csv html' -d 'how to print it'
complete -c agenix-check -n '__agenix_check_is exposure' -l key -r -F -d 'only this key: its file, text, fingerprint or name (repeatable)'
complete -c agenix-check -n '__agenix_check_is exposure' -l node -x -a '(agenix-check completion --list nodes 2>/dev/null)' -d 'only keys of nodes that match (repeatable)'
complete -c agenix-check -n '__agenix_check_is exposure' -l format -x -a 'text json markdown html' -d 'how to print it'
complete -c agenix-check -n '__agenix_check_is init' -s y -l yes -d 'write the files without asking'
complete -c agenix-check -n '__agenix_check_is init' -l dry-run -d 'only show them'
complete -c agenix-check -n '__agenix_check_is demo' -l all -d 'show every way to break it, shorter'
complete -c agenix-check -n '__agenix_check_is completion' -l list -x -a 'nodes secrets rules settings' -d 'print names instead, one a line, as the scripts ask for them'
complete -c agenix-check -n '__agenix_check_is fleet' -a '(agenix-check completion --list nodes 2>/dev/null)'
complete -c agenix-check -n '__agenix_check_is inspect' -F
complete -c agenix-check -n '__agenix_check_is hook' -a 'pre-push'
complete -c agenix-check -n '__agenix_check_is config' -a '(agenix-check completion --list settings 2>/dev/null)'
complete -c agenix-check -n '__agenix_check_is driver' -a 'diff merge'
complete -c agenix-check -n '__agenix_check_is explain' -a '(agenix-check completion --list rules 2>/dev/null)'
complete -c agenix-check -n '__agenix_check_is schema' -a 'report lock access exposure'
complete -c agenix-check -n '__agenix_check_is demo' -F
complete -c agenix-check -n '__agenix_check_is completion' -a 'bash zsh fish'
complete -c agenix-check -n '__agenix_check_is help' -a 'check fleet access exposure inspect init hook config driver rules explain schema demo completion help version'
