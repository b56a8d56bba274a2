# Bindings in many accounts, and what finds the ones that nobody declared. drift.sh reports each night what differs.
terraform {
  required_providers {
    alicloud = {
      source = "alicloud-cams/alicloud"
    }
  }
}

# In CI the credentials come from the environment: an OIDC token and the role that it may assume.
provider "alicloud" {}

locals {
  accounts = yamldecode(file("${path.module}/accounts.yaml"))
  wabas = merge([
    for account, wabas in local.accounts : { for waba in wabas : waba => account }
  ]...)
}

resource "alicloud_cams_waba_binding" "all" {
  for_each = local.wabas
  waba_id  = each.key

  assume_role = {
    role_arn = "acs:ram::${each.value}:role/onboarding"
  }
}

# All bindings of each account. drift.sh lists those that no resource declares as unmanaged. Where the configuration declares
# numbers or templates, alicloud_cams_phone_numbers and alicloud_cams_chatapp_templates do the same for those of a space.
data "alicloud_cams_waba_bindings" "all" {
  for_each = local.accounts

  assume_role = {
    role_arn = "acs:ram::${each.key}:role/onboarding"
  }
}

# A review that Meta has not finished is a warning in every plan. As a postcondition of the resource it would be an error.
check "reviews" {
  assert {
    condition = alltrue([
      for binding in alicloud_cams_waba_binding.all : binding.account_review_status == "APPROVED"
    ])
    error_message = "Not approved by Meta: ${join(", ", [
      for binding in alicloud_cams_waba_binding.all : "${binding.waba_id} (${coalesce(binding.account_review_status, "unknown")})"
      if binding.account_review_status != "APPROVED"
    ])}."
  }
}
