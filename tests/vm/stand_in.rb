# Enough of Vagrant to ask vagrant/netlab.rb something, as `ruby -r stand_in.rb -e '…'`. What it raises is printed.
module Vagrant
  module Errors
    class VagrantError < StandardError
      def initialize(*); super(error_message); end
    end
  end

  def self.plugin(_)
    manager = Struct.new(:providers).new({})
    Struct.new(:manager).new(manager)
  end
end

require File.expand_path("../../vagrant/netlab", __dir__)
at_exit do
  if $!.is_a?(Netlab::Problem)
    puts $!.message
    $stdout.flush
    exit! 3
  end
end
