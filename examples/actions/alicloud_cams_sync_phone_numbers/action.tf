# After Meta's signup has brought new numbers: terraform apply -invoke=action.alicloud_cams_sync_phone_numbers.shop
action "alicloud_cams_sync_phone_numbers" "shop" {
  config {
    cust_space_id = "cams-8filvjc8snw"
  }
}
