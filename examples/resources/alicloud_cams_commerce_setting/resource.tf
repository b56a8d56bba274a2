resource "alicloud_cams_commerce_setting" "shop" {
  # In a configuration with the binding: alicloud_cams_waba_binding.shop.cust_space_id
  cust_space_id = "cams-8filvjc8snw"
  phone_number  = "6580001234"

  cart_enable     = true
  catalog_visible = true

  # Destroying hides both again.
  deletion_policy = "RESET"
}
