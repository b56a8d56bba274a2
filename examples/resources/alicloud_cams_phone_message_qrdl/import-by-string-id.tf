import {
  to = alicloud_cams_phone_message_qrdl.parcel
  id = "cams-8filvjc8snw:6580001234:4O4YGZEG3RIVE1"
}
