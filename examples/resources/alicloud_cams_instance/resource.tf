resource "alicloud_cams_instance" "shop" {
  channel_type         = "whatsapp"
  instance_name        = "shop"
  instance_description = "Orders and questions of customers"
  contact_mail         = "shop@example.com"

  # Deleting an instance is final. With the default, PREVENT, a plan that would destroy it is refused.
  deletion_policy = "PREVENT"
}

output "shop_instance" {
  value = alicloud_cams_instance.shop.instance_id
}
