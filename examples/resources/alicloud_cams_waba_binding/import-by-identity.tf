# Needs Terraform 1.12 or later.
import {
  to = alicloud_cams_waba_binding.shop
  identity = {
    cust_space_id = "cams-8filvjc8snw"
    # Of a binding in the account of a role; it becomes the binding's `assume_role`.
    # role_arn = "acs:ram::1000000000000002:role/onboarding"
  }
}
