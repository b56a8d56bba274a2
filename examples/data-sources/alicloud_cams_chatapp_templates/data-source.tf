resource "alicloud_cams_waba_binding" "shop" {
  waba_id = "102030405060708"
}

# The templates of the shop, also those that no configuration declares.
data "alicloud_cams_chatapp_templates" "all" {
  cust_space_id = alicloud_cams_waba_binding.shop.cust_space_id

  lifecycle {
    postcondition {
      condition     = self.complete && alltrue([for it in self.templates : it.audit_status != "fail"])
      error_message = "Meta rejected a template, or the list is incomplete."
    }
  }
}
