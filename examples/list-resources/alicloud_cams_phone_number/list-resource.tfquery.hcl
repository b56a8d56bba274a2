# terraform query -generate-config-out=found.tf
list "alicloud_cams_phone_number" "all" {
  provider = alicloud
}
