import {
  to = alicloud_cams_service.this
  id = "cams"
}
