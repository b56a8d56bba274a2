# terraform query (Terraform 1.14): lists every binding of an account. With -generate-config-out=found.tf it writes
# configuration and import blocks for them.
list "alicloud_cams_waba_binding" "all" {
  provider = alicloud

  config {
    assume_role = {
      role_arn = "acs:ram::1000000000000002:role/onboarding"
    }
  }
}
