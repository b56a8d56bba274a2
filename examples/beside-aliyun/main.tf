# Beside the official provider, which keeps the local name that its resources imply. Resources of this provider then say
# with the meta-argument "provider" which one is theirs.
terraform {
  required_providers {
    alicloud = {
      source = "aliyun/alicloud"
    }
    alicloud-cams = {
      source = "alicloud-cams/alicloud"
    }
  }
}

provider "alicloud" {
  region = "eu-central-1"
}

provider "alicloud-cams" {
  region = "ap-southeast-1"
}

resource "alicloud_cams_waba_binding" "shop" {
  provider = alicloud-cams
  waba_id  = "102030405060708"
}

output "shop_space" {
  value = alicloud_cams_waba_binding.shop.cust_space_id
}
