import {
  to = alicloud_cams_instance.shop
  id = "cams-8filvjc8snw"
}
