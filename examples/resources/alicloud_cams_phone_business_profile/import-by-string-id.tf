import {
  to = alicloud_cams_phone_business_profile.shop
  id = "cams-8filvjc8snw:6580001234"
}
