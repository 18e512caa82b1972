# The tiny guest that tells whether KVM works (netlab.rb). It does what a boot loader and a kernel do first: protected
# mode, an interrupt and the return from it; then paging and long mode, and an interrupt there. Some KVMs run a few
# instructions, and fail at those. At the end it writes 16 to the device isa-debug-exit, and QEMU exits with 33.
#
#   as guest.S -o guest.o && ld -Ttext 0x7c00 --oformat binary -o guest.img guest.o

.set idt, 0x1000
.set pages, 0x2000 # three tables of 4 KiB, one after another
.set vector, 0x30

.globl _start
.code16
_start:
    cli
    xorw %ax, %ax
    movw %ax, %ds
    lgdtl gdt_register
    movl %cr0, %eax
    orb $1, %al
    movl %eax, %cr0
    ljmpl $8, $protected

.code32
protected:
    movw $16, %ax
    movw %ax, %ds
    movw %ax, %es
    movw %ax, %ss
    movl $_start, %esp
    movl $gate, idt + 8 * vector # of interrupt_return; the code lies below 64 KiB
    movw $interrupt_return, idt + 8 * vector
    movl $0x8e00, idt + 8 * vector + 4
    lidtl idt_register
    int $vector

    movl $pages, %edi # the first 2 MiB, each address mapped to itself
    xorl %eax, %eax
    movl $(3 * 1024), %ecx
    cld
    rep stosl
    movl $(pages + 0x1000 + 3), pages
    movl $(pages + 0x2000 + 3), pages + 0x1000
    movl $0x83, pages + 0x2000
    movl $pages, %eax
    movl %eax, %cr3
    movl $0x20, %eax # PAE
    movl %eax, %cr4
    movl $0xc0000080, %ecx # EFER
    rdmsr
    orl $0x100, %eax # LME
    wrmsr
    movl %cr0, %eax
    orl $0x80000000, %eax # PG
    movl %eax, %cr0
    ljmpl $24, $long

interrupt_return:
    iretl

.code64
long:
    movl $(24 << 16), idt + 16 * vector
    movw $interrupt_return64, idt + 16 * vector
    movl $0x8e00, idt + 16 * vector + 4
    movq $0, idt + 16 * vector + 8
    int $vector
    movb $16, %al
    outb %al, $0xf4
    hlt

interrupt_return64:
    iretq

.set gate, 8 << 16

.balign 8
gdt:
    .quad 0
    .quad 0x00cf9b000000ffff # 8: code, 32 bits
    .quad 0x00cf93000000ffff # 16: data
    .quad 0x00af9b000000ffff # 24: code, 64 bits
gdt_register:
    .word . - gdt - 1
    .long gdt
idt_register:
    .word 16 * (vector + 1) - 1
    .long idt

.org 510
    .word 0xaa55
