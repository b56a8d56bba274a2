# From WABAs to numbers that send and receive, for every customer in tenants.yaml: one provider block, one module for each account.
terraform {
  required_version = ">= 1.8"

  required_providers {
    alicloud = {
      source = "alicloud-cams/alicloud"
    }
  }
}

# The credentials of the hub account, from the environment. They may assume the role of each tenant.
provider "alicloud" {}

module "tenant" {
  source   = "./tenant"
  for_each = yamldecode(file("${path.module}/tenants.yaml"))

  role_arn        = each.value.role_arn
  wabas           = each.value.wabas
  deletion_policy = lookup(each.value, "deletion_policy", "PREVENT")
}

output "numbers" {
  description = "Each number of each tenant, with the space that messages are sent from and the link that opens a chat."
  value       = { for name, tenant in module.tenant : name => tenant.numbers }
}

output "templates" {
  description = "The template of each WABA: its code, which messages are sent with, and its review."
  value       = { for name, tenant in module.tenant : name => tenant.templates }
}
