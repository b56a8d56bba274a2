# Needs Terraform 1.12 or later.
import {
  to = alicloud_cams_waba_binding.shop
  identity = {
    cust_space_id = "cams-8filvjc8snw"
  }
}

# A binding in the account of a role, which becomes its `assume_role`.
import {
  to = alicloud_cams_waba_binding.tenant_shop
  identity = {
    cust_space_id = "cams-2bqkhzr9tmx"
    role_arn      = "acs:ram::1000000000000002:role/onboarding"
  }
}
