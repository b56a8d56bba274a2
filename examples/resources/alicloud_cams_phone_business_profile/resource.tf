resource "alicloud_cams_phone_business_profile" "shop" {
  # In a configuration with the binding: alicloud_cams_waba_binding.shop.cust_space_id
  cust_space_id = "cams-8filvjc8snw"
  phone_number  = "6580001234"

  about       = "Open Monday to Saturday, 9:00 to 18:00"
  address     = "1 Example Road, Singapore"
  description = "Everything for your garden."
  email       = "service@example.com"
  vertical    = "RETAIL"
  websites    = ["https://www.example.com"]
}
