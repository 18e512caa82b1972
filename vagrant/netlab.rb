# What the Vagrantfile asks of this machine: which port is free, whether KVM works, what would go wrong.
# What a user reads is there in English and in Chinese, side by side.

require "open3"
require "rbconfig"
require "socket"
require "tempfile"
require "timeout"

module Netlab
  # What, why and what next; Vagrant prints it without a trace.
  class Problem < Vagrant::Errors::VagrantError
    def initialize(what, next_step)
      @text = "#{what}\n  #{Netlab.words("Next: ", "下一步：")}#{next_step}"
      super({})
    end

    def error_message
      @text
    end
  end

  PROVIDERS = %i[virtualbox libvirt vmware_desktop parallels hyperv qemu].freeze
  LEFT_OUT = %w[.git/ .venv/ build/ .vagrant/ __pycache__/ .hypothesis/ .*_cache/ *.box].freeze # also in ./checkout
  PORTS_TRIED = 50
  TOKEN = "/home/netlab/.config/netlab/token".freeze

  module_function

  # --- language ---

  # As netlab/i18n decides it; there is no notebook yet.
  def language
    wanted = ENV.fetch("NETLAB_LANG", "")
    return wanted if %w[en zh].include?(wanted)

    locale = %w[LC_ALL LC_MESSAGES LANG].map { |name| ENV.fetch(name, "") }.find { |value| !value.empty? }
    locale.to_s.start_with?("zh") ? "zh" : "en"
  end

  def check_language
    wanted = ENV.fetch("NETLAB_LANG", "")
    return if ["", "en", "zh"].include?(wanted)

    raise Problem.new(words("NETLAB_LANG is #{wanted.inspect}, and netlab speaks en and zh.", "NETLAB_LANG 是 #{wanted.inspect}，netlab 会的是 en 和 zh。"),
                      words("set it to one of them, or leave it out.", "把它设成其中一个，或者不设。"))
  end

  def words(english, chinese)
    language == "zh" ? chinese : english
  end

  # --- settings ---

  def number(name, default, least)
    value = Integer(ENV.fetch(name, "").empty? ? default : ENV[name], 10, exception: false) if ENV.key?(name)
    value = default unless ENV.key?(name)
    return value if value && value >= least

    raise Problem.new(words("#{name} is #{ENV[name].inspect}, and has to be a whole number of at least #{least}.",
                            "#{name} 是 #{ENV[name].inspect}，它必须是不小于 #{least} 的整数。"), "#{name}=#{default}")
  end

  # What the machine's box is: a file that box/build made, with its checksum beside it, or a name to look up.
  def choose_box(vm, wanted)
    path = File.expand_path(wanted, __dir__)
    if File.file?(path)
      vm.box, vm.box_url = File.basename(path, ".box"), "file://#{path}"
      sum = path.sub(/\.box\z/, ".sha256")
      vm.box_download_checksum_type, vm.box_download_checksum = "sha256", File.read(sum)[/\h{64}/] if File.file?(sum)
    elsif wanted.end_with?(".box")
      raise Problem.new(words("There is no box #{path} (NETLAB_BOX).", "没有 #{path} 这个 box（NETLAB_BOX）。"),
                        words("give its path, absolute or from vagrant/; vagrant/box/build makes one.",
                              "写出它的路径，绝对路径或相对于 vagrant/ 的都行；vagrant/box/build 能做出一个。"))
    else
      vm.box = wanted
    end
  end

  # Vagrant writes into what it gets.
  def rsync
    { type: "rsync", rsync__args: %w[--archive --delete --compress], rsync__exclude: LEFT_OUT.dup }
  end

  def arm64?
    RbConfig::CONFIG["host_cpu"].match?(/arm64|aarch64/)
  end

  def amd64?
    RbConfig::CONFIG["host_cpu"].match?(/x86_64|amd64|x64/)
  end

  def state_folder
    File.expand_path(ENV.fetch("VAGRANT_DOTFILE_PATH", ".vagrant"), __dir__)
  end

  # --- ports ---

  # vagrant-libvirt forwards with ssh, and says nothing when the port is taken: so the port is chosen here. A machine
  # that runs keeps its own.
  def libvirt_port(name, wanted)
    forwarded_by_ssh(name) || (wanted...wanted + PORTS_TRIED).find { |port| free?(port) } ||
      raise(Problem.new(words("No port from #{wanted} on is free on 127.0.0.1.", "127.0.0.1 上从 #{wanted} 起没有空闲的端口。"),
                        words("set NETLAB_PORT to one that is.", "把 NETLAB_PORT 设成一个空闲的端口。")))
  end

  def forwarded_by_ssh(name)
    files = Dir.glob(File.join(state_folder, "machines", name, "libvirt", "pids", "ssh_*.pid"))
    running = files.find { |file| File.read("/proc/#{File.read(file).to_i}/comm").strip == "ssh" rescue false }
    running && File.basename(running)[/\d+/].to_i
  end

  def free?(port)
    TCPServer.new("127.0.0.1", port).close
    true
  rescue SystemCallError
    false
  end

  # --- KVM ---

  def libvirt_driver
    wanted = ENV.fetch("NETLAB_LIBVIRT_DRIVER", "")
    return wanted if %w[kvm qemu].include?(wanted)
    unless wanted.empty?
      raise Problem.new(words("NETLAB_LIBVIRT_DRIVER is #{wanted.inspect}.", "NETLAB_LIBVIRT_DRIVER 是 #{wanted.inspect}。"),
                        words("set it to kvm or qemu, or leave it out.", "把它设成 kvm 或 qemu，或者不设。"))
    end

    @libvirt_driver ||= remembered("kvm-#{File.read("/proc/sys/kernel/random/boot_id").strip}-#{File.exist?("/dev/kvm")}") { kvm_works? ? "kvm" : "qemu" }
  rescue Errno::ENOENT # not Linux: a libvirt elsewhere
    "kvm"
  end

  # Until the machine starts anew: the probe takes seconds where KVM hangs.
  def remembered(key)
    file = File.join(state_folder, "netlab-driver")
    known, answer = File.read(file).split if File.file?(file)
    return answer if known == key

    yield.tap do |found|
      FileUtils.mkdir_p(state_folder)
      File.write(file, "#{key} #{found}\n")
    end
  end

  # Boots a tiny guest, which says that it ran and ends. Neither /dev/kvm nor a few instructions prove anything.
  # Where that cannot be tried by this user, libvirt's own choice stands.
  def kvm_works?
    return false unless File.exist?("/dev/kvm")

    program = find(arm64? ? %w[qemu-system-aarch64] : %w[qemu-system-x86_64 qemu-kvm])
    return true unless program && File.readable?("/dev/kvm") && File.writable?("/dev/kvm")

    Tempfile.create("netlab-kvm") do |image|
      image.binmode
      image.write(arm64? ? ARM64_GUEST : AMD64_GUEST)
      image.close
      boots?([program, "-accel", "kvm", "-cpu", "host", *(arm64? ? arm64_words(image.path) : amd64_words(image.path))])
    end
  end

  # guest.S, assembled; the device isa-debug-exit makes 33 of its 16, and ends QEMU with that.
  AMD64_CODE = <<~BASE64.unpack1("m").freeze
    +jHAjthmDwEWCH0PIMAMAQ8iwGbqG3wAAAgAZrgQAI7YjsCO0LwAfAAAxwWAEQAAAAAIAGbHBYARAACtfMcFhBEAAACOAAAPAR0O
    fQAAzTC/ACAAADHAuQAMAAD886vHBQAgAAADMAAAxwUAMAAAA0AAAMcFAEAAAIMAAAC4ACAAAA8i2LggAAAADyLguYAAAMAPMg0A
    AQAADzAPIMANAAAAgA8iwOqufAAAGADPxwQlABMAAAAAGABmxwQlABMAAOF8xwQlBBMAAACOAABIxwQlCBMAAAAAAADNMLAQ5vT0
    SM8PH0QAAAAAAAAAAAAA//8AAACbzwD//wAAAJPPAP//AAAAm68AHwDofAAADwMAEA==
  BASE64
  AMD64_GUEST = (AMD64_CODE + "\0".b * (510 - AMD64_CODE.size) + "\x55\xAA".b).freeze
  # mov w0,#0x84000008; hvc #0: the firmware's call that switches off.
  ARM64_GUEST = [0x52800100, 0x72b08000, 0xd4000002, 0x14000000].pack("V*").freeze
  RAN = { "qemu-system-aarch64" => 0 }.freeze
  SECONDS_TO_BOOT = 10

  def amd64_words(image)
    ["-display", "none", "-m", "16", "-nodefaults", "-no-user-config", "-drive", "format=raw,file=#{image}",
     "-device", "isa-debug-exit,iobase=0xf4,iosize=4"]
  end

  def arm64_words(image)
    ["-M", "virt", "-display", "none", "-m", "64", "-nodefaults", "-no-user-config", "-kernel", image]
  end

  def boots?(command, seconds = SECONDS_TO_BOOT)
    pid = Process.spawn(*command, in: :close, out: File::NULL, err: File::NULL)
    status = Timeout.timeout(seconds) { Process.wait2(pid).last }
    status.exitstatus == RAN.fetch(File.basename(command.first), 33)
  rescue Timeout::Error
    Process.kill("KILL", pid)
    Process.wait(pid)
    false
  end

  def find(programs)
    folders = ENV.fetch("PATH", "").split(File::PATH_SEPARATOR) + ["/usr/libexec", "/usr/bin"]
    programs.product(folders).map { |name, folder| File.join(folder, name) }.find { |path| File.executable?(path) }
  end

  # --- before ---

  # Vagrant's own message lists what it looked for, and not what to install.
  def need_provider
    return if ENV.key?("VAGRANT_DEFAULT_PROVIDER") || ARGV.any? { |word| word.start_with?("--provider") }

    known = Vagrant.plugin("2").manager.providers
    return if PROVIDERS.any? { |name| known.key?(name) && known[name].first.usable? }

    raise Problem.new(words("Vagrant finds no program here that runs virtual machines.", "Vagrant 在这里没有找到能运行虚拟机的程序。"),
                      words(<<~ENGLISH, <<~CHINESE).strip)
                        install one of these, then type vagrant up again:
                            Linux     VirtualBox, or libvirt: on Debian apt install vagrant-libvirt libvirt-daemon-system
                            macOS     Parallels, VMware Fusion, or QEMU: vagrant plugin install vagrant-qemu (Intel: VirtualBox as well)
                            Windows   VirtualBox, or Hyper-V (switch the Windows feature on)
                      ENGLISH
                        装上其中一个，然后再执行 vagrant up：
                            Linux     VirtualBox，或 libvirt：在 Debian 上 apt install vagrant-libvirt libvirt-daemon-system
                            macOS     Parallels、VMware Fusion，或 QEMU：vagrant plugin install vagrant-qemu（Intel：也可以用 VirtualBox）
                            Windows   VirtualBox，或 Hyper-V（打开这项 Windows 功能）
                      CHINESE
  end

  def preflight(machine, memory)
    need_virtualization if %i[virtualbox vmware_desktop].include?(machine.provider_name)
    need_memory(memory) if machine.state.id != :running
    return unless machine.provider_name == :libvirt && machine.provider_config.driver == "qemu"

    machine.ui.warn(words("KVM does not work here, so the machine is emulated in software: it works, about ten times slower.\n" \
                          "On hardware of your own, switch virtualization (VT-x, AMD-V) on in the firmware's settings.",
                          "KVM 在这里不能用，所以虚拟机由软件模拟：能用，但大约慢十倍。\n" \
                          "如果是你自己的硬件，请在固件设置里打开虚拟化（VT-x、AMD-V）。"))
  end

  def need_virtualization
    return unless File.readable?("/proc/cpuinfo") && amd64?
    return if File.read("/proc/cpuinfo").match?(/^flags\s*:.*\b(vmx|svm)\b/)

    raise Problem.new(words("This machine's processor does not offer virtualization (no vmx or svm in /proc/cpuinfo).",
                            "这台机器的处理器没有提供虚拟化（/proc/cpuinfo 里没有 vmx 或 svm）。"),
                      words("switch VT-x or AMD-V on in the firmware's settings; in a virtual machine, nested virtualization. " \
                            "Without: vagrant up --provider libvirt, which also emulates.",
                            "在固件设置里打开 VT-x 或 AMD-V；如果这里本身是虚拟机，打开嵌套虚拟化。" \
                            "打不开的话：vagrant up --provider libvirt，它也能用软件模拟。"))
  end

  def need_memory(memory)
    available = File.read("/proc/meminfo")[/^MemAvailable:\s+(\d+)/, 1].to_i / 1024
    return if available.zero? || available >= memory

    raise Problem.new(words("The virtual machine wants #{memory} MiB of memory, and #{available} MiB are available here.",
                            "虚拟机要 #{memory} MiB 内存，这里可用的是 #{available} MiB。"),
                      words("end other programs, or make it smaller: NETLAB_MEMORY=1536 vagrant up",
                            "关掉别的程序，或者把它改小：NETLAB_MEMORY=1536 vagrant up"))
  rescue Errno::ENOENT # not Linux: the provider says it
    nil
  end

  # --- after ---

  # Prints the URL, with the port that is really forwarded.
  def tell_url(machine, wanted)
    token = +""
    machine.communicate.sudo("cat #{TOKEN}") { |stream, text| token << text if stream == :stdout }
    port = forwarded_port(machine, wanted)
    url = "http://127.0.0.1:#{port}/?token=#{token.strip}"
    if machine.provider_name == :hyperv
      tunnel = "vagrant ssh -- -N -L #{port}:127.0.0.1:8888"
      machine.ui.success(words("Hyper-V forwards no ports. Leave this running: #{tunnel}\nand open in a browser here:",
                               "Hyper-V 不转发端口。让这条命令一直运行：#{tunnel}\n然后在这台机器的浏览器里打开：") + "\n\n    #{url}\n")
    elsif answers?(port)
      machine.ui.success(words("netlab is ready. Open this in a browser on this machine:",
                               "netlab 已就绪。在这台机器的浏览器里打开：") + "\n\n    #{url}\n")
    else
      raise Problem.new(words("JupyterLab runs in the virtual machine, but 127.0.0.1:#{port} here does not lead to it.",
                              "JupyterLab 在虚拟机里运行着，但这里的 127.0.0.1:#{port} 通不到它。"), "vagrant reload")
    end
  end

  def forwarded_port(machine, wanted)
    if machine.provider_name == :libvirt
      forwarded_by_ssh(machine.name.to_s) || wanted
    elsif machine.provider.capability?(:forwarded_ports)
      machine.provider.capability(:forwarded_ports).key(8888) || wanted
    else
      wanted
    end
  end

  def answers?(port)
    deadline = Process.clock_gettime(Process::CLOCK_MONOTONIC) + 60
    until (answer = ask(port)) || Process.clock_gettime(Process::CLOCK_MONOTONIC) > deadline
      sleep 0.5
    end
    answer
  end

  def ask(port)
    Socket.tcp("127.0.0.1", port, connect_timeout: 5) do |connection|
      connection.write("GET /login HTTP/1.0\r\nHost: 127.0.0.1:#{port}\r\n\r\n")
      connection.wait_readable(30)
      connection.gets.to_s.start_with?("HTTP/")
    end
  rescue SystemCallError, IOError
    false
  end
end
