"""Drives the emulator with the official Python SDKs, unchanged: is it a peer that real clients accept?

Not part of `cargo test`, because it needs packages from PyPI. In a virtual environment of yours:

    pip install alibabacloud_cams20200606 alibabacloud_sts20150401
    cargo run -p acceptance-tests --bin emulator -- --port 8080
    python acceptance-tests/sdk/python_sdk.py http://127.0.0.1:8080

It resets the emulator, checks one thing after the other, prints a line for each, and exits with 1 if one fails.
"""

import json
import sys
import urllib.request

from alibabacloud_cams20200606 import models as cams
from alibabacloud_cams20200606.client import Client as CamsClient
from alibabacloud_sts20150401 import models as sts
from alibabacloud_sts20150401.client import Client as StsClient
from alibabacloud_tea_openapi.models import Config

KEY_ID = "emulator-access-key-id"
KEY_SECRET = "emulator-access-key-secret"
ACCOUNT = "1000000000000001"

endpoint = sys.argv[1].rstrip("/") if len(sys.argv) > 1 else None
if endpoint is None:
    sys.exit(__doc__)
failures = 0


def control(method, path, document=None):
    body = None if document is None else json.dumps(document).encode()
    request = urllib.request.Request(f"{endpoint}/_emulator/{path}", data=body, method=method)
    with urllib.request.urlopen(request) as response:
        return json.load(response)


def config(signature=None, key_id=KEY_ID, secret=KEY_SECRET, token=None):
    return Config(
        access_key_id=key_id,
        access_key_secret=secret,
        security_token=token,
        endpoint=endpoint.removeprefix("http://"),
        protocol="http",
        signature_algorithm=signature,
    )


def check(name, found, expected):
    global failures
    if found == expected:
        print(f"ok      {name}")
    else:
        failures += 1
        print(f"FAILED  {name}: expected {expected!r}, found {found!r}")


def code_of(call):
    """The error code that the SDK raises, or None."""
    try:
        call()
    except Exception as error:  # the SDK has several exception types with `code`
        return getattr(error, "code", repr(error))
    return None


for name, signature in (("V3", None), ("V1", "v2")):
    control("POST", "reset")
    client = CamsClient(config(signature))

    bind = cams.ChatappBindWabaRequest(waba_id="123456789012345")
    bound = client.chatapp_bind_waba(bind).body
    space = bound.data.cust_space_id
    check(f"{name} bind: code", bound.code, "OK")
    check(f"{name} bind: WABA", bound.data.waba_id, "123456789012345")
    check(f"{name} bind: space", space.startswith("cams-"), True)

    query = cams.QueryChatappBindWabaRequest(cust_space_id=space)
    found = client.query_chatapp_bind_waba(query).body
    check(f"{name} query: WABA", found.data.id, "123456789012345")
    check(f"{name} query: currency", found.data.currency, "USD")

    listed = client.list_instance(cams.ListInstanceRequest(page_index=1, page_size=10)).body
    check(f"{name} list: spaces", [row.cust_space_id for row in listed.data], [space])

    client.chatapp_sync_phone_number(cams.ChatappSyncPhoneNumberRequest(cust_space_id=space))
    numbers = cams.QueryChatappPhoneNumbersRequest(cust_space_id=space)
    numbers = client.query_chatapp_phone_numbers(numbers).body.phone_numbers
    check(f"{name} numbers: status", [number.status for number in numbers], ["PENDING"])
    check(f"{name} open status", client.get_chatapp_open_status(cams.GetChatappOpenStatusRequest()).body.open_status, True)

    control("POST", "rebind", {"cust_space_id": space, "waba_id": "999"})
    found = client.query_chatapp_bind_waba(query).body
    check(f"{name} drift is seen", found.data.id, "999")
    control("POST", "unbind", {"cust_space_id": space})
    found = client.query_chatapp_bind_waba(query).body
    check(f"{name} nothing bound", (found.code, found.data), ("OK", None))

    wrong = CamsClient(config(signature, secret="wrong"))
    check(f"{name} wrong secret", code_of(lambda: wrong.chatapp_bind_waba(bind)), "SignatureDoesNotMatch")
    wrong = CamsClient(config(signature, key_id="nobody"))
    check(f"{name} unknown key", code_of(lambda: wrong.chatapp_bind_waba(bind)), "InvalidAccessKeyId.NotFound")
    missing = cams.ChatappBindWabaRequest()
    check(f"{name} missing parameter", code_of(lambda: client.chatapp_bind_waba(missing)), "MissingWabaId")

    control("PUT", "behavior", {"gateway": {"cams_calls_per_second": 2}})
    codes = [code_of(lambda: client.list_instance(cams.ListInstanceRequest())) for _ in range(4)]
    check(f"{name} throttling", codes[-1], "Throttling.User")
    control("PUT", "behavior", {
        "gateway": {"cams_calls_per_second": None},
        "response": {"business_error_status": "always200"},
    })
    control("POST", "faults", {"fault": {"throttle": {"code": "System.LimitControl", "retry_after_ms": 50}}})
    check(f"{name} injected throttling", code_of(lambda: client.list_instance(cams.ListInstanceRequest())), "System.LimitControl")
    control("PUT", "behavior", {"waba": {"nothing_bound": {"error": "Unknown.ResourceOwnerId"}}})
    found = client.query_chatapp_bind_waba(query).body
    check(f"{name} business error with 200", found.code, "Unknown.ResourceOwnerId")

    control("PUT", f"accounts/{ACCOUNT}", {
        "access_keys": [{"id": KEY_ID, "secret": KEY_SECRET, "user": "ops", "allow": ["sts:*"]}],
        "roles": [{"name": "onboarding", "trusted": [f"acs:ram::{ACCOUNT}:user/ops"], "allow": ["cams:*"]}],
    })
    check(f"{name} RAM denial", code_of(lambda: client.chatapp_bind_waba(bind)), "NoPermission")

    identity = StsClient(config(signature)).get_caller_identity().body
    check(f"{name} identity", (identity.account_id, identity.arn), (ACCOUNT, f"acs:ram::{ACCOUNT}:user/ops"))
    role = sts.AssumeRoleRequest(
        role_arn=f"acs:ram::{ACCOUNT}:role/onboarding", role_session_name="sdk", duration_seconds=900
    )
    session = StsClient(config(signature)).assume_role(role).body.credentials
    assumed = CamsClient(config(signature, session.access_key_id, session.access_key_secret, session.security_token))
    check(f"{name} bind with a session", assumed.chatapp_bind_waba(bind).body.code, "OK")
    bare = CamsClient(config(signature, session.access_key_id, session.access_key_secret))
    check(f"{name} session without its token", code_of(lambda: bare.chatapp_bind_waba(bind)), "MissingSecurityToken")
    control("PUT", "behavior", {"sts": {"lifetime_seconds": 0}})
    session = StsClient(config(signature)).assume_role(role).body.credentials
    assumed = CamsClient(config(signature, session.access_key_id, session.access_key_secret, session.security_token))
    check(f"{name} expired session", code_of(lambda: assumed.chatapp_bind_waba(bind)), "InvalidSecurityToken.Expired")

    control("PUT", "behavior", {"gateway": {"clock_offset_seconds": 3600}})
    check(f"{name} clock", code_of(lambda: client.chatapp_bind_waba(bind)), "InvalidTimeStamp.Expired")

    signatures = {call["signature"] for call in control("GET", "calls")}
    check(f"{name} was the signature", signatures, {name})

control("POST", "reset")
print(f"{failures} failed" if failures else "all as expected")
sys.exit(1 if failures else 0)
