resource "alicloud_cams_waba_binding" "shop" {
  # The owner of the WABA has finished Meta's embedded signup.
  waba_id = "102030405060708"

  # The service cannot unbind. With this policy a plan that would destroy or replace the binding is refused.
  deletion_policy = "PREVENT"

  timeouts {
    create = "3m"
  }
}

# Further calls of the service (phone numbers, webhooks, templates, messages) need the space.
output "shop_space" {
  value = alicloud_cams_waba_binding.shop.cust_space_id
}
