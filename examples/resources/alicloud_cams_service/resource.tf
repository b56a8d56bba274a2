# Creating this agrees to the terms of the service, and cannot be undone.
resource "alicloud_cams_service" "this" {
  deletion_policy = "PREVENT"
}

output "site" {
  value = alicloud_cams_service.this.site
}
