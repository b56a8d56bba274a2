data "alicloud_cams_instances" "whatsapp" {
  channel_type = "whatsapp"

  lifecycle {
    postcondition {
      condition     = self.complete
      error_message = "The list of instances is incomplete."
    }
  }
}

output "instances" {
  value = { for instance in data.alicloud_cams_instances.whatsapp.instances : instance.instance_id => instance.instance_name }
}
