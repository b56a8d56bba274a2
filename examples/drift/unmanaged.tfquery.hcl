# terraform query (Terraform 1.14): lists every binding, number and template of an account. With -generate-config-out=found.tf
# it writes configuration and import blocks for them.
locals {
  assume_role = {
    role_arn = "acs:ram::1000000000000002:role/onboarding"
  }
}

list "alicloud_cams_waba_binding" "all" {
  provider = alicloud

  config {
    assume_role = local.assume_role
  }
}

list "alicloud_cams_phone_number" "all" {
  provider = alicloud

  config {
    assume_role = local.assume_role
  }
}

list "alicloud_cams_chatapp_template" "all" {
  provider = alicloud

  config {
    assume_role = local.assume_role
  }
}
