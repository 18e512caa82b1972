# Stand-ins for the plugins of providers that Debian does not have: they know the settings' names as the plugins
# document them, so that `vagrant validate` runs the Vagrantfile's blocks and stumbles over a name that is none.
settings = {
  vmware_desktop: %i[cpus memory gui linked_clone],
  parallels: %i[cpus memory name linked_clone update_guest_tools],
  qemu: %i[smp memory arch machine cpu net_device qemu_dir ssh_port extra_qemu_args]
}
settings.each do |provider_name, names|
  provider_class = Class.new(Vagrant.plugin("2", :provider)) do
    def self.usable?(_ = false) = true
    def initialize(_); end
    def state = Vagrant::MachineState.new(:not_created, "not created", "not created")
  end
  config_class = Class.new(Vagrant.plugin("2", :config)) { attr_accessor(*names) }
  Class.new(Vagrant.plugin("2")) do
    name "stand-in for #{provider_name}"
    provider(provider_name) { provider_class }
    config(provider_name, :provider) { config_class }
  end
end
