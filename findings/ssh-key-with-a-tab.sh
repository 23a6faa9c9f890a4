#!/bin/sh
# An SSH public key whose fields a tab or two blanks separate is read by OpenSSH and by age, and
# refused by the library of rage.
#
# Versions: pyrage 1.4.0 (the age crate of rage), age 1.1.1 and later, OpenSSH 9.2 and later.
# Expected: sshd(8), AUTHORIZED_KEYS: a line consists of "space-separated fields"; ssh-keygen -l reads
#   tabs and several blanks too, and so does age -r. rage is to read what age reads.
# Seen: pyrage raises RecipientError for both, and for one blank it does not. So a host key that was
#   written with a tab works for whoever rekeys with age and fails for whoever rekeys with rage.
#
# It needs python3 with venv, age and ssh-keygen; it writes to a temporary folder alone, and fails when
# what is seen changes.
set -eu

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/python -m pip install --quiet --disable-pip-version-check pyrage==1.4.0
ssh-keygen -q -t ed25519 -N '' -C host -f key
body=$(cut -d ' ' -f 2 key.pub)

takes() { # NAME LINE: which of the three programs take a key line
    printf '%s\n' "$2" > line.pub
    ssh=no age=no rage=no
    if ssh-keygen -l -f line.pub >/dev/null 2>&1; then ssh=yes; fi
    if echo text | age -r "$2" >/dev/null 2>&1; then age=yes; fi
    if venv/bin/python -c 'import sys, pyrage; pyrage.ssh.Recipient.from_str(sys.argv[1])' "$2" \
        2>/dev/null; then rage=yes; fi
    echo "$1: ssh-keygen $ssh, age $age, pyrage $rage"
}

{
    takes "one blank" "ssh-ed25519 $body"
    takes "a tab" "$(printf 'ssh-ed25519\t%s' "$body")"
    takes "two blanks" "ssh-ed25519  $body"
} > seen
cat > expected <<END
one blank: ssh-keygen yes, age yes, pyrage yes
a tab: ssh-keygen yes, age yes, pyrage no
two blanks: ssh-keygen yes, age yes, pyrage no
END
cat seen
diff expected seen
