resource "alicloud_cams_phone_webhook" "shop" {
  cust_space_id       = "cams-8filvjc8snw" # of an alicloud_cams_waba_binding
  phone_number        = "6580001234"       # of an alicloud_cams_phone_number
  status_callback_url = "https://shop.example.com/whatsapp/status"
  up_callback_url     = "https://shop.example.com/whatsapp/inbound"
}
