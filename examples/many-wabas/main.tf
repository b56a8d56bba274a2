# One binding for each shop of a map. A shop that leaves the map leaves the state; its WABA stays bound, with a warning.
terraform {
  required_providers {
    alicloud = {
      source = "alicloud-cams/alicloud"
    }
  }
}

variable "shops" {
  description = "Shops by name, with the WABA of each; protected ones cannot be destroyed or replaced by accident."
  type = map(object({
    waba_id   = string
    protected = optional(bool, false)
  }))
  default = {
    berlin = { waba_id = "102030405060701" }
    lagos  = { waba_id = "102030405060702", protected = true }
    lima   = { waba_id = "102030405060703" }
  }
}

resource "alicloud_cams_waba_binding" "shop" {
  for_each        = var.shops
  waba_id         = each.value.waba_id
  deletion_policy = each.value.protected ? "PREVENT" : "ABANDON"
}

output "spaces" {
  description = "CustSpaceId of each shop."
  value       = { for name, binding in alicloud_cams_waba_binding.shop : name => binding.cust_space_id }
}

output "not_approved" {
  description = "Shops whose WABA Meta has not approved yet."
  value       = [for name, binding in alicloud_cams_waba_binding.shop : name if binding.account_review_status != "APPROVED"]
}
