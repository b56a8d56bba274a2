import {
  to = alicloud_cams_waba_binding.shop
  id = "cams-8filvjc8snw"
}
