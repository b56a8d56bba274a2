# terraform query -generate-config-out=found.tf
list "alicloud_cams_instance" "whatsapp" {
  provider = alicloud

  config {
    channel_type = "whatsapp"
  }
}
