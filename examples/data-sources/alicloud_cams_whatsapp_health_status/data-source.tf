resource "alicloud_cams_waba_binding" "shop" {
  waba_id = "102030405060708"
}

data "alicloud_cams_whatsapp_health_status" "shop" {
  cust_space_id = alicloud_cams_waba_binding.shop.cust_space_id
  node_type     = "waba"
  waba_id       = alicloud_cams_waba_binding.shop.waba_id
}

check "shop_can_send" {
  assert {
    condition     = data.alicloud_cams_whatsapp_health_status.shop.can_send_message == "AVAILABLE"
    error_message = "Messages of the shop: ${data.alicloud_cams_whatsapp_health_status.shop.can_send_message}"
  }
}
