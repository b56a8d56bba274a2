# Many accounts from one provider block: the role to assume stands on the resource. One session serves all WABAs of an
# account, and a new tenant is a line in accounts.yaml, not a provider alias with a process of its own.
terraform {
  required_providers {
    alicloud = {
      source = "alicloud-cams/alicloud"
    }
  }
}

# The credentials of the hub account; its user may assume the role of each tenant.
provider "alicloud" {}

locals {
  wabas = merge([
    for account, wabas in yamldecode(file("${path.module}/accounts.yaml")) : {
      for waba in wabas : waba => account
    }
  ]...)
}

resource "alicloud_cams_waba_binding" "tenant" {
  for_each = local.wabas
  waba_id  = each.key

  assume_role = {
    role_arn     = "acs:ram::${each.value}:role/onboarding"
    session_name = "terraform-onboarding"
  }
}

output "spaces" {
  description = "CustSpaceId of each WABA, by account."
  value = {
    for account in distinct(values(local.wabas)) : account => {
      for waba, binding in alicloud_cams_waba_binding.tenant : waba => binding.cust_space_id if local.wabas[waba] == account
    }
  }
}
