# Needs Terraform 1.12 or later.
import {
  to = alicloud_cams_instance.shop
  identity = {
    instance_id = "cams-8filvjc8snw"
    # Of an instance in the account of a role; it becomes the instance's `assume_role`.
    # role_arn = "acs:ram::1000000000000002:role/onboarding"
  }
}
