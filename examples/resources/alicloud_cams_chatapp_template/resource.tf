resource "alicloud_cams_chatapp_template" "shipped" {
  cust_space_id = "cams-8filvjc8snw"
  name          = "order_shipped_v1"
  language      = "en"
  category      = "UTILITY"

  header = {
    format = "TEXT"
    text   = "Your order"
  }
  body = {
    text = "Hello $(customer), your order $(order) is on its way to you."
  }
  footer = {
    text = "Example Shop"
  }
  buttons = [{
    type     = "URL"
    text     = "Track"
    url      = "https://example.com/t/$(order)"
    url_type = "dynamic"
  }]
  example = {
    customer = "Ana"
    order    = "4711"
  }

  category_change_paused = true
  deletion_policy        = "ARCHIVE"

  lifecycle {
    postcondition {
      condition     = contains(["pass", "auditing"], self.audit_status)
      error_message = "Template ${self.name}: ${self.audit_status}, ${coalesce(self.reason, "no reason given")}"
    }
    postcondition {
      condition     = self.current_category == self.category
      error_message = "Meta moved ${self.name} to ${self.current_category}."
    }
  }
}
