# Ansible, which the benchmark compares with. Nothing else needs it.
# shellcheck shell=bash

ANSIBLE=2.19.14

step_ansible() {
  step ansible "$CACHE/ansible/bin/ansible-playbook" "$ANSIBLE-$(/usr/bin/python3 --version)" \
    "ansible-core $ANSIBLE for the benchmark" make_ansible
}

# make_ansible: at its place from the start, since the programs of a venv know where they are.
make_ansible() {
  rm -rf "$CACHE/ansible"
  quietly /usr/bin/python3 -m venv "$CACHE/ansible"
  quietly "$CACHE/ansible/bin/pip" install --disable-pip-version-check "ansible-core==$ANSIBLE"
}
