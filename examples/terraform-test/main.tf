# A module that binds a WABA, and its tests: with mocks, which need no account, and against the service.
terraform {
  required_providers {
    alicloud = {
      source = "alicloud-cams/alicloud"
    }
  }
}

variable "waba_id" {
  description = "WABA to bind."
  type        = string
  default     = "102030405060708"
}

variable "deletion_policy" {
  description = "PREVENT in production. A test has to be able to destroy what it makes."
  type        = string
  default     = "ABANDON"
}

resource "alicloud_cams_waba_binding" "shop" {
  waba_id         = var.waba_id
  deletion_policy = var.deletion_policy
}

output "space" {
  description = "CustSpaceId of the WABA."
  value       = alicloud_cams_waba_binding.shop.cust_space_id
}

output "approved" {
  description = "Whether Meta has approved the WABA."
  value       = alicloud_cams_waba_binding.shop.account_review_status == "APPROVED"
}
