#!/usr/bin/python
# Copyright (c) 2026, the cloudops.ovh authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
module: ovh_cloud_users
short_description: Manage a whole list of users of an OVHcloud Public Cloud project
version_added: 1.0.0
description:
  - Brings a list of users of a Public Cloud project to the wanted state, with their roles, passwords and credential
    files.
  - It reads the project in two calls, and the API's clock in one, whatever the number of users. Each change is one call
    more, and they are made side by side.
  - The failure of one user does not stop the others. The task then fails, with everything that was done in its result.
  - With O(credentials_dir) a run that is killed at any moment loses nothing. The next run finishes what it began.
author:
  - The cloudops.ovh authors (@cloudops-ovh)
extends_documentation_fragment:
  - cloudops.ovh.connection
  - cloudops.ovh.attributes
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
  idempotent:
    support: partial
    details:
      - Not idempotent with O(update_password=always) and O(s3_credentials=rotate), which renew in each run.
options:
  users:
    description:
      - The users. Each is a description, or a mapping with exactly one of C(description) (alias C(name)), C(user_id)
        and C(username).
      - Descriptions are compared as they are. Where nobody has one, a warning names a user whose description differs
        only in case, blanks or the form of characters, and whom the list does not name.
      - A mapping may also have C(roles), C(revoke_roles), C(purge_roles), C(state), C(update_password),
        C(s3_credentials) and C(ai_tokens). What it leaves out is taken from the option of the same name.
    type: list
    elements: raw
    required: true
  state:
    description:
      - Whether the users shall be there.
    type: str
    choices: [present, absent]
    default: present
  roles:
    description:
      - Roles that the users shall have, as names (V(ai_training_operator)) or labels (V(AI Training Operator)), in any
        case. Other roles are left alone, unless O(purge_roles=true).
      - What a run creates gets exactly these roles, whatever default the API adds.
    type: list
    elements: str
  revoke_roles:
    description:
      - Roles that the users shall not have. A name or label with C(*), such as V(ai_*), stands for every role that it
        fits; one that fits none is a warning.
    type: list
    elements: str
  purge_roles:
    description:
      - Make the roles exact. If C(roles) is left out nothing changes, if it is empty the user has no role in the end.
    type: bool
    default: false
  update_password:
    description:
      - Decides for users that were there before the run.
      - V(on_create) leaves their passwords alone, since somebody is using them.
      - V(on_missing) also gives a new one where the credential file is missing, has no password or names another
        C(user_id). O(max_resets) bounds that. It needs O(credentials_dir).
      - V(always) renews the password in each run. Whoever uses the old one is locked out.
    type: str
    choices: [on_create, on_missing, always]
    default: on_create
  rotate_after_days:
    description:
      - Renew the passwords whose credential file was issued this many days ago, or earlier. It needs
        O(credentials_dir).
      - Where a file does not say when it was issued a warning names it, and its password stays.
    type: int
  purge_users:
    description:
      - Delete the users that O(purge_match) matches and that are not in O(users).
      - A user without a description is never deleted by this.
      - With O(s3_credentials=absent) and O(ai_tokens=absent) of the task they lose their access keys and tokens before.
    type: bool
    default: false
  purge_match:
    description:
      - A regular expression, searched in descriptions. Required with O(purge_users=true).
    type: str
  max_deletions:
    description:
      - Refuse a plan that would delete more users than this, before any change. All deletions count.
    type: int
    default: 10
  max_resets:
    description:
      - Refuse a plan in which O(update_password=on_missing) would renew more passwords than this, before any change.
      - An empty folder in a fresh container must not lock everybody out.
    type: int
    default: 10
  max_revocations:
    description:
      - Refuse a plan that would take roles, access keys or AI tokens from more users than this, before any change. If
        not set, any number may lose them. Users that are deleted count for O(max_deletions) instead.
    type: int
  create:
    description:
      - Whether a user that is not there is created. If V(false) it is left alone, which is no error. That is for
        taking roles away from people who may be gone already.
    type: bool
    default: true
  concurrency:
    description:
      - How many changes are under way at the same time, 1 to 100.
    type: int
    default: 10
  credentials_dir:
    description:
      - A folder for credential files, C(<credentials_dir>/<service_name>/<name>.yml), one a user, mode 0600.
        C(<name>) is the percent-encoded description. One that is empty or that several accounts share gets C(=) and the
        id added, so take the path from C(credential_file).
      - Folders that are missing are made with mode 0700. One that is there and open to others is refused.
      - With this option passwords are not returned.
      - One run at a time works in the folder of a project. Another one waits, at most O(wait_timeout).
    type: path
  credentials_vault_password:
    description:
      - Encrypt each credential file as an Ansible Vault with this password, 8 characters or more.
      - Files that were written without it stay in clear until they are written again. A warning names them.
      - The first line of an encrypted file says what is in it, so that a run that changes nothing decrypts nothing.
        C(ansible-vault edit) keeps that line. After a change by hand, decrypt the file and encrypt it again.
      - The Python that runs the module must have ansible-core, as with C(connection=local) and
        C(ansible_python_interpreter={{ ansible_playbook_python }}).
    type: str
  s3_credentials:
    description:
      - V(present) puts an access key for the object storage into the credential file, with its secret, the endpoint and
        profiles for C(aws) and C(rclone). A key that the user has is taken, else one is made. It needs
        O(credentials_dir). A file that has a key is not looked at again.
      - V(rotate) makes a new key, puts it into the file, and then removes all others, also where no file has one. Those
        that cannot be removed are named. It is done in each run, so that it belongs to a list that is run once.
      - The file says in C(s3_replaces) which keys a rotation has still to remove. Where it was cut off, the next run
        with the folder goes on with that, whatever this option is.
      - V(absent) removes all access keys of the user, before anything else. Reading them costs one call for each user.
      - If not set, access keys are left alone.
    type: str
    choices: [present, absent, rotate]
  s3_region:
    description:
      - The region whose endpoint is written for O(s3_credentials=present).
    type: str
    default: gra
  kit:
    description:
      - Put a kit beside the credential file of each user, three files with which a person can start within a minute.
        C(<name>.README.md) says how to log in, where the data lies and whom to ask, C(<name>.openrc.sh) and
        C(<name>.rclone.conf) are what the API gives. It needs O(credentials_dir).
      - The files have mode 0600. The API puts no password into them. The configuration of rclone also has the access
        key, if the credential file has one.
      - With O(credentials_vault_password) the two files of the API are encrypted as well.
      - A kit is made once, and again when its options, the account or the access key change, or when it is in clear
        and O(credentials_vault_password) is given. It goes with the account, and with its access keys. V(false) leaves
        kits alone, but one with an access key that is replaced goes.
    type: bool
    default: false
  kit_contact:
    description:
      - Whom to ask for help, in Markdown. It stands at the end of the C(README.md) of a kit.
    type: str
    default: ""
  kit_region:
    description:
      - The region of the files in a kit. If not set, it is O(s3_region) in capital letters.
    type: str
  ai_tokens:
    description:
      - V(absent) removes the AI tokens whose label selector names the user, before anything else. Reading them costs
        one call for the whole list.
      - C(owner=ada) and C(owner in (ada)) name a user whose description or user name is exactly C(ada), whatever the
        label is called. C(owner in (ada,bob)) names nobody alone, and such a token stays.
      - They go also where the account is gone already. One that cannot be removed fails its user after all else is
        done.
      - If not set, tokens are left alone.
    type: str
    choices: [absent]
  verify_credentials:
    description:
      - Log in once with each new password, and fail the users for whom that does not work. An account has to be ready
        for that, so that the run waits for it, whatever O(wait) says.
    type: bool
    default: false
  return_password:
    description:
      - Whether to return passwords that are created or renewed, where there is no O(credentials_dir).
      - A task that would return a password is refused before any change unless it has C(no_log=true), because Ansible
        prints the whole result of a failed task and AWX stores every result.
    type: bool
    default: true
  wait:
    description:
      - Whether to wait until users that were created or changed are ready.
    type: bool
    default: true
  wait_timeout:
    description:
      - How long to wait for a user, and for another run in the same folder, in seconds.
    type: int
    default: 300
notes:
  - Two runs at the same time with folders of their own end with one account for each person. The oldest stays. A run
    removes only what it made itself, and its credential file then says so.
  - On a file system that ignores case two descriptions that differ only in case share a credential file.
    Use another file system.
  - Without O(credentials_dir) do not use it with C(until) and C(retries). Ansible throws the result of an attempt that
    failed away, and with it the passwords. The module waits and repeats by itself.
seealso:
  - module: cloudops.ovh.ovh_cloud_user
  - module: cloudops.ovh.ovh_cloud_user_role
  - module: cloudops.ovh.ovh_cloud_user_credential
"""

EXAMPLES = r"""
- name: Bring a team to AI Training, with a credential file for each person
  cloudops.ovh.ovh_cloud_users:
    users:
      - ada@example.com
      - grace@example.com
      - description: observer@example.com
        roles: [ai_training_read]
    roles: [ai_training_operator, objectstore_operator]
    credentials_dir: ~/ovh-credentials

- name: The same without files, the passwords hidden in the result
  cloudops.ovh.ovh_cloud_users:
    users: [ada@example.com, grace@example.com]
    roles: [ai_training_operator, objectstore_operator]
  no_log: true
  register: team

- name: Take AI Training away from one and delete another
  cloudops.ovh.ovh_cloud_users:
    users:
      - description: ada@example.com
        revoke_roles: [ai_training_operator]
      - description: grace@example.com
        state: absent
    credentials_dir: ~/ovh-credentials

- name: Make the list the whole truth for one domain
  cloudops.ovh.ovh_cloud_users:
    users: [ada@example.com]
    roles: [ai_training_operator, objectstore_operator]
    purge_users: true
    purge_match: "@example\\.com$"
    max_deletions: 3
    credentials_dir: ~/ovh-credentials
"""

RETURN = r"""
users:
  description:
    - One entry for each item of O(users), in their order, then those that O(purge_users=true) deleted, and those that
      an earlier run had deleted when it was cut short, if their files were left.
    - Besides what is listed here an entry has the fields of the user, C(id), C(username), C(description), C(status),
      C(openstack_id), C(creation_date) and C(roles).
    - Of a user that is not there C(description), C(username) and C(user_id) are as asked for, and C(id) is V(null).
    - Where an account was deleted and something else failed C(action) is V(failed), C(id) is V(null) and C(roles) is
      empty.
  returned: always
  type: list
  elements: dict
  contains:
    action:
      description: V(created), V(updated), V(unchanged), V(deleted) or V(failed).
      type: str
      sample: created
    user_id:
      description: The id of the user.
      type: int
      sample: 4711
    credential_file:
      description: The path of the credential file. V(null) if there is none. Only with O(credentials_dir).
      type: str
      sample: /home/ops/ovh-credentials/0123456789abcdef0123456789abcdef/ada%40example.com.yml
    credential_issued:
      description:
        - When the password in that file was issued. V(null) if there is none, and in check mode where a run would issue
          another. Only with O(credentials_dir).
      type: str
      sample: "2026-11-23T10:00:00Z"
    credential_delivered:
      description: When that password was marked as delivered. V(null) if it was not. Only with O(credentials_dir).
      type: str
      sample: "2026-11-23T10:00:05Z"
    credential_s3_access:
      description: The access key in that file. V(null) if there is none. Only with O(credentials_dir).
      type: str
      sample: 0123456789abcdef0123456789abcdef
    credential_kit:
      description: The C(README.md) of the kit. V(null) if there is none. Only with O(credentials_dir).
      type: str
      sample: /home/ops/ovh-credentials/0123456789abcdef0123456789abcdef/ada%40example.com.README.md
    credential_renewed:
      description: Whether this run issued that password, or would. Only with O(credentials_dir).
      type: bool
      sample: true
    credential_verified:
      description: Whether logging in with the new password worked. Only with O(verify_credentials=true).
      type: bool
      sample: true
    ai_tokens_removed:
      description: The removed AI tokens, with C(id), C(name) and C(label_selector). Only with C(ai_tokens).
      type: list
      elements: dict
    note:
      description: What a person should know though it is no failure.
      type: str
      sample: The API says that this user is disabled.
    error:
      description: What failed, and what to do.
      returned: if O(ignore:action) is V(failed)
      type: str
    failure:
      description: The same as data. C(code) is stable, C(status), C(api_code) and C(query_id) come from the API.
      returned: if O(ignore:action) is V(failed)
      type: dict
credentials:
  description: The passwords that were created or renewed. Empty with O(credentials_dir) or O(return_password=false).
  returned: always
  type: list
  elements: dict
  contains:
    id:
      description: The id of the user.
      type: int
    username:
      description: The name to log in with.
      type: str
    description:
      description: The description of the user.
      type: str
    password:
      description: The password.
      type: str
summary:
  description: How many users there are of each action.
  returned: always
  type: dict
  sample:
    created: 2
    updated: 0
    unchanged: 40
    deleted: 0
    failed: 0
service_name:
  description: The project. V(null) if the task failed before it was read.
  returned: always
  type: str
  sample: 0123456789abcdef0123456789abcdef
api_calls:
  description: How many HTTP requests were sent.
  returned: always
  type: int
  sample: 7
failure:
  description: What went wrong with the whole task, as data. In that case nothing was changed.
  returned: if the task failed before the first change
  type: dict
  sample:
    code: refused_by_guard
"""

from ansible_collections.cloudops.ovh.plugins.module_utils._ansible import runner, users


def main() -> None:
    """Run the module."""
    runner.run(users.USERS)


if __name__ == "__main__":
    main()
