# terraform query -generate-config-out=found.tf
list "alicloud_cams_waba_binding" "all" {
  provider = alicloud
}
