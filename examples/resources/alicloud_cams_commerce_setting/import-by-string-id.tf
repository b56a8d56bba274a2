import {
  to = alicloud_cams_commerce_setting.shop
  id = "cams-8filvjc8snw:6580001234"
}
