data "alicloud_cams_service" "this" {
  lifecycle {
    postcondition {
      condition     = self.open_status
      error_message = "Chat App Message Service is not active for this account."
    }
  }
}
