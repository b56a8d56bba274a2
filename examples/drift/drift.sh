#!/bin/sh
# Reports how the accounts differ from the configuration: what changed, vanished, was rebound or is unmanaged, which
# reviews changed, and which accounts could not be read. Only reads: no state and no lock is written. Unmanaged are
# bindings, numbers and templates that a data source of the configuration lists and no resource declares.
#
#   drift.sh [-chdir=DIR] [-cli=PATH] [--markdown FILE] [--json FILE]
#
# Without --markdown and --json, the Markdown report goes to standard output. Needs a POSIX shell, coreutils, jq 1.6 and
# Terraform or OpenTofu. Arguments for init and plan can be given in TF_CLI_ARGS_init and TF_CLI_ARGS_plan.
#
# Exit codes, the first that holds:
#   1  anything that is not below: a wrong configuration, a failed check, a command that failed
#   4  credentials or permissions are wrong for an account
#   3  an account is throttled, or the service is down or not reachable
#   2  there is drift, or something is declared that is not applied yet
#   0  none of these
set -u

usage() {
  echo "usage: drift.sh [-chdir=DIR] [-cli=PATH] [--markdown FILE] [--json FILE]" >&2
  exit 1
}

die() {
  echo "drift.sh: $*" >&2
  exit 1
}

chdir=. cli= markdown= json=
while [ $# -gt 0 ]; do
  case $1 in
    -chdir=?* | --chdir=?*) chdir=${1#*=} ;;
    -cli=?* | --cli=?*) cli=${1#*=} ;;
    --markdown=?* | -markdown=?*) markdown=${1#*=} ;;
    --json=?* | -json=?*) json=${1#*=} ;;
    --markdown | -markdown) [ $# -gt 1 ] && [ -n "$2" ] || usage; markdown=$2; shift ;;
    --json | -json) [ $# -gt 1 ] && [ -n "$2" ] || usage; json=$2; shift ;;
    *) usage ;;
  esac
  shift
done
[ -d "$chdir" ] || die "$chdir is not a directory"
command -v jq >/dev/null 2>&1 || die "jq is not installed"
if [ -z "$cli" ]; then
  if command -v terraform >/dev/null 2>&1; then cli=terraform
  elif command -v tofu >/dev/null 2>&1; then cli=tofu
  else die "neither terraform nor tofu is installed"; fi
fi
# A path is relative to where this script was called.
command -v "$cli" >/dev/null 2>&1 || die "$cli cannot be run"

work=$(mktemp -d) || die "no temporary directory"
lock_file=$chdir/.terraform.lock.hcl
[ -e "$lock_file" ] && had_lock_file=yes || had_lock_file=no
clean_up() {
  rm -rf "$work"
  [ $had_lock_file = yes ] || rm -f "$lock_file"
}
trap clean_up EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
trap 'exit 129' HUP

started=$(date +%s) || die "no time"
TF_IN_AUTOMATION=1
export TF_IN_AUTOMATION

# The plan is kept also when it fails, so that an error in one account does not hide the others.
step=init
if [ $had_lock_file = yes ]; then
  "$cli" -chdir="$chdir" init -input=false -no-color -lockfile=readonly >"$work/init" 2>&1
else
  "$cli" -chdir="$chdir" init -input=false -no-color >"$work/init" 2>&1
fi
status=$?
: >"$work/messages"
echo '{}' >"$work/plan.json"
if [ $status -eq 0 ]; then
  step=plan
  "$cli" -chdir="$chdir" plan -input=false -lock=false -json -out="$work/plan" >"$work/messages" 2>"$work/stderr"
  status=$?
  if [ -s "$work/plan" ]; then
    "$cli" -chdir="$chdir" show -json -no-color "$work/plan" >"$work/plan.json" 2>"$work/stderr.show" || {
      cat "$work/stderr.show" >&2
      die "$cli show failed"
    }
  fi
fi
if [ $status -ne 0 ] && [ $status -ne 1 ]; then
  cat "$work/$([ $step = init ] && echo init || echo stderr)" >&2
  die "$cli $step ended with exit status $status"
fi
if [ $status -eq 1 ] && [ $step = init ]; then cat "$work/init" >&2; fi
if [ $status -eq 1 ] && [ $step = plan ]; then cat "$work/stderr" >&2; fi
ended=$(date +%s) || die "no time"

jq -n -R --arg step "$step" --argjson status "$status" --argjson seconds "$((ended - started))" \
  --slurpfile plan "$work/plan.json" '
  # What names an account: the attribute, or the role.
  def account_of_role: if type == "string" then (capture("acs:ram::(?<id>[0-9]+):") | .id) // null else null end;
  def account: if type != "object" then null
    else .account_id // ((.assume_role? // {}) | objects | .role_arn | account_of_role) // null end;
  def resources: if type != "object" then empty else (.resources // [])[], ((.child_modules // [])[] | resources) end;
  def one_line: tostring | gsub("[[:cntrl:]]+"; " ");
  def ours: .type // "" | startswith("alicloud_cams_");

  def class($code; $text):
    ($code // "") as $code
    | if $code | test("^Provider\\.(ServiceDown|ServiceUnavailable|Credentials\\.StsUnavailable|IncompleteList|UnexpectedResponse)|ServiceUnavailable|InternalError|SystemError"; "i") then "service"
      elif $code | test("^Provider\\.(Credentials|IncompleteCredentials|AccountMismatch)|AccessKeyId|SecurityToken|^Signature(DoesNotMatch|MethodInvalid)|Timestamp"; "i") then "credentials"
      elif $code | test("NoPermission|PermissionDeny|NoAuth|^Forbidden|Unauthorized|AccessDenied|ResourceOwnerId"; "i") then "permission"
      elif $code | test("Throttl|LimitControl|TooManyRequests"; "i") then "throttled"
      elif $code | test("^Provider\\.(Network|NotTheService|Timeout|Proxy|Redirected)|^SignatureNonceUsed") then "network"
      elif $code | test("^Provider\\.(Invalid|Configuration|DeletionPrevented|BoundTwice|AlreadyBound)|^(Missing|Invalid)") then "configuration"
      elif $text | test("HTTP status: +5[0-9][0-9]") then "service"
      else "other" end;

  ($plan[0] // {}) as $plan
  | [inputs | fromjson? | objects] as $messages
  | [$plan.prior_state.values.root_module // {} | resources] as $state
  | [$plan.planned_values.root_module // {} | resources] as $planned
  | ([$state[], $planned[] | select(ours) | {key: .address, value: (.values | account)} | select(.value)]
     + [$plan.resource_drift // [] | .[] | {key: .address, value: (.change.before | account)} | select(.value)]
     | from_entries) as $account_of

  # What the refresh found to be otherwise. An entry without a difference is one of identities alone.
  | def differences:
      (.before // {}) as $before | (.after // {}) as $after
      | (.before_sensitive // {}) as $hidden_before | (.after_sensitive // {}) as $hidden_after
      | [($before + $after) | keys[] | . as $name
         | select($before[$name] != $after[$name])
         | if (($hidden_before | if type == "object" then .[$name] else . end) // false | . == false or . == {} or . == [])
              and (($hidden_after | if type == "object" then .[$name] else . end) // false | . == false or . == {} or . == [])
           then {attribute: $name, before: $before[$name], after: $after[$name]}
           else {attribute: $name, before: "(sensitive)", after: "(sensitive)"} end];
    [$plan.resource_drift // [] | .[] | select(ours)
     | . as $entry | (.change | differences) as $differences
     | (.change.before // {}) as $before
     | {address, account: ((.change.before | account) // (.change.after | account) // $account_of[.address]),
        type, cust_space_id: $before.cust_space_id}
     + (if $entry.change.actions == ["delete"] then {kind: "vanished", waba_id: $before.waba_id}
        elif ($differences | length) == 0 then {kind: "none"}
        elif .type == "alicloud_cams_waba_binding" and any($differences[]; .attribute == "waba_id") then
          {kind: "rebound", changes: $differences}
        elif all($differences[]; .attribute
            | IN("account_review_status", "audit_status", "reason", "name_status", "new_name_status")) then
          {kind: "reviews", changes: $differences}
        else {kind: "changed", changes: $differences} end)
     | select(.kind != "none")] as $drift
  | ($drift | map({key: .address, value: true}) | from_entries) as $drifted

  # What is declared and not applied yet.
  | [$plan.resource_changes // [] | .[] | select(.mode == "managed" and ours)
     | select(.change.actions != ["no-op"] or .change.importing)
     | select($drifted[.address] | not)
     | {address, kind: "pending", type, actions: .change.actions,
        account: ((.change.after | account) // (.change.before | account) // $account_of[.address]),
        waba_id: (.change.after // {}).waba_id, cust_space_id: (.change.before // {}).cust_space_id}] as $pending

  # What a data source shows and nothing declares: bindings, numbers, templates.
  | def set: map(select(type == "string") | {key: ., value: true}) | from_entries;
    def of_space($more): if .cust_space_id then [.cust_space_id, $more[]] | map(tostring) | join(":") else "" end;
  ([$state[] | select(.mode == "managed" and .type == "alicloud_cams_waba_binding") | .values.cust_space_id] | set) as $managed
  | ([$pending[], $drift[] | select(.kind == "pending" or .kind == "vanished") | .waba_id] | set) as $declared
  | [$state[], $planned[] | select(.mode == "managed" and ours) | .values] as $objects
  | ([$objects[] | select(.phone_number) | of_space([.phone_number])] | set) as $numbers
  | ([$objects[] | select(.name and .language) | of_space([.name, .language])] | set) as $templates
  | ([$state[], $planned[] | select(.mode == "data" and ours) | .type as $type | .values
      | account as $account | (.cust_space_id // null) as $space
      | if $type == "alicloud_cams_waba_bindings" then
          (.bindings // [])[] | select(.cust_space_id and .waba_id)
          | select(($managed[.cust_space_id] or $declared[.waba_id]) | not)
          | {type: "alicloud_cams_waba_binding", cust_space_id, waba_id, waba_name}
        elif $type == "alicloud_cams_phone_numbers" then
          (.phone_numbers // [])[] | select(.phone_number) | {cust_space_id: $space} + .
          | select($numbers[of_space([.phone_number])] | not)
          | {type: "alicloud_cams_phone_number", cust_space_id, phone_number, verified_name}
        elif $type == "alicloud_cams_chatapp_templates" then
          (.templates // [])[] | select(.template_code) | {cust_space_id: $space} + .
          | select($templates[of_space([.template_name, .language])] | not)
          | {type: "alicloud_cams_chatapp_template", cust_space_id, template_code, template_name, language}
        else empty end
      | select(.cust_space_id) | {kind: "unmanaged", account: $account} + .]
     | unique) as $unmanaged

  # Errors, with the code that the provider gives.
  | [$messages[] | select(.type == "diagnostic") | .diagnostic | select(.severity == "error")
     | ((.detail // "") | (capture("(^|\\n) *Code: +(?<code>[^ \\n]+)") | .code) // null) as $code
     | {kind: "error", address, class: class($code; .detail // ""), code: $code, summary,
        account: (($account_of[.address // ""]) // ((.summary + "\n" + (.detail // "")) | account_of_role))}] as $errors
  | ($errors
     + (if $status != 0 and ($errors | length) == 0 then
          [{kind: "error", address: null, account: null, class: (if $step == "init" then "configuration" else "other" end),
            code: null, summary: ($step + " failed")}] else [] end)) as $errors

  | ($drift + $pending + $unmanaged) as $found
  | (if any($errors[]; .class | IN("configuration", "other")) then 1
     elif any($errors[]; .class | IN("credentials", "permission")) then 4
     elif ($errors | length) > 0 then 3
     elif ($found | length) > 0 then 2
     else 0 end) as $exit_code
  | ([$account_of[], ($found[], $errors[] | .account), ($state[], $planned[] | select(ours) | .values | account)]
     | unique) as $accounts
  | ($accounts | if any(($found + $errors)[]; .account == null) then . else map(select(.)) end) as $accounts
  | def of($all; $kind; $account): [$all[] | select(.kind == $kind and .account == $account)
      | del(.kind, .account) | with_entries(select(.value != null))];
  {
    accounts: [$accounts[] | . as $account | {
      account: $account,
      changed: of($found; "changed"; $account),
      vanished: of($found; "vanished"; $account),
      rebound: of($found; "rebound"; $account),
      unmanaged: of($found; "unmanaged"; $account),
      reviews: of($found; "reviews"; $account),
      pending: of($found; "pending"; $account),
      errors: [$errors[] | select(.account == $account) | del(.kind, .account)]
    }],
    exit_code: $exit_code,
    seconds: $seconds
  }' <"$work/messages" >"$work/report.json" || die "the plan could not be read"

jq -r '
  # Text from outside, as code in a cell of a table.
  def code: if . == null then "none" elif type == "string" then . else tojson end
    | gsub("[[:cntrl:]]+"; " ") | gsub("`"; "\u0027") | gsub("\\|"; "\\|")
    | if length > 60 then .[:60] + "…" else . end | "`" + (if . == "" then " " else . end) + "`";
  def plain: tostring | gsub("[[:cntrl:]]+"; " ") | gsub("(?<c>[\\\\`|<>*_\\[\\]])"; "\\" + .c)
    | if length > 200 then .[:200] + "…" else . end;
  def object: if .address then (.address | gsub("[[:cntrl:]]+"; " ") | gsub("\\|"; "\\|") | "`" + . + "`")
    elif .cust_space_id then "space " + (.cust_space_id | code) else "the run" end;
  def changes: [.changes[]? | "\(.attribute): \(.before | code) → \(.after | code)"] | join("; ");
  def what($kind):
    if $kind == "vanished" then
      if .waba_id then "WABA \(.waba_id | code) is no longer in space \(.cust_space_id | code)" else "is gone" end
    elif $kind == "rebound" then
      (.changes[] | select(.attribute == "waba_id")) as $waba
      | "space \(.cust_space_id | code) holds WABA \($waba.after | code), not \($waba.before | code)"
    elif $kind == "unmanaged" then
      (if .phone_number then "phone number \(.phone_number | code)"
         elif .template_code then "template \(.template_name | code) in \(.language | code)"
         else "WABA \(.waba_id | code)" end)
      + ((.waba_name // .verified_name) | if . then ", " + code + "," else "" end) + " is not declared"
    elif $kind == "pending" then "declared, not applied: " + (.actions | join(", "))
    else changes end;
  # Two hundred errors of one cause are one line.
  def errors: group_by([.class, .code])[]
    | "| errors | \(.[0] | object)\(if length > 1 then " and \(length - 1) more" else "" end) "
      + "| \(.[0].summary | plain) (\(.[0].class)\(if .[0].code then ", " + (.[0].code | code) else "" end)) |";
  def count($kind): [.accounts[][$kind][]] | length;
  ["changed", "vanished", "rebound", "unmanaged", "reviews", "pending", "errors"] as $kinds
  | . as $report
  | "# Drift report",
    "",
    ([$kinds[] | . as $kind | ($report | count($kind)) as $count | select($count > 0) | "\($count) \($kind)"]
     | if length == 0 then "No drift" else join(", ") end)
    + " in \(.accounts | length) account\(if (.accounts | length) == 1 then "" else "s" end), \(.seconds) s, exit code \(.exit_code).",
    (.accounts[] | . as $account
     | "", "## Account \(.account // "unknown")", "",
       ([$kinds[] | select(. != "errors") as $kind | $account[$kind][]
         | "| \($kind) | \(object) | \(what($kind)) |"] + [$account.errors | select(length > 0) | errors]
        | if length == 0 then
            # One cause of many errors is reported once, so an account without an error may be unread all the same.
            if ($report | count("errors")) == 0 then "Nothing differs."
            else "Nothing was found, but the run had errors: this account may not have been read." end
          else "| Finding | Object | What |", "|---|---|---|", .[:200][],
            (if length > 200 then "", "\(length - 200) more are in the JSON report." else empty end)
          end))
  ' "$work/report.json" >"$work/report.md" || die "the report could not be written"

exit_code=$(jq .exit_code "$work/report.json") || die "the report could not be read"
if [ -n "$json" ]; then cat "$work/report.json" >"$json" || die "$json could not be written"; fi
if [ -n "$markdown" ]; then cat "$work/report.md" >"$markdown" || die "$markdown could not be written"; fi
if [ -z "$json$markdown" ]; then cat "$work/report.md" || die "the report could not be written"; fi
exit "$exit_code"
