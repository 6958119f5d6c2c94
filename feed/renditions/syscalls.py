"""The numbers of the system calls that a rendering child may not make, by architecture. Pure.

From the kernel's tables (arch/x86/entry/syscalls/syscall_64.tbl; include/uapi/asm-generic/unistd.h for aarch64). A number of 425 and
above is the same on both.
"""

import msgspec

# No other process is called, and no other program is run.
_X86_64 = {
    "socket": 41,
    "connect": 42,
    "accept": 43,
    "sendto": 44,
    "recvfrom": 45,
    "sendmsg": 46,
    "recvmsg": 47,
    "shutdown": 48,
    "bind": 49,
    "listen": 50,
    "socketpair": 53,
    "setsockopt": 54,
    "fork": 57,
    "vfork": 58,
    "execve": 59,
    "accept4": 288,
    "recvmmsg": 299,
    "sendmmsg": 307,
    "execveat": 322,
    # Other processes and what they share.
    "shmget": 29,
    "semget": 64,
    "msgget": 68,
    "ptrace": 101,
    "rt_sigqueueinfo": 129,
    "setpriority": 141,
    "setrlimit": 160,
    "tkill": 200,
    "mq_open": 240,
    "rt_tgsigqueueinfo": 297,
    "process_vm_readv": 310,
    "process_vm_writev": 311,
    # The system itself: most of these need rights that the child has given up, and have had holes.
    "personality": 135,
    "pivot_root": 155,
    "chroot": 161,
    "acct": 163,
    "settimeofday": 164,
    "mount": 165,
    "umount2": 166,
    "swapon": 167,
    "swapoff": 168,
    "reboot": 169,
    "sethostname": 170,
    "setdomainname": 171,
    "iopl": 172,
    "ioperm": 173,
    "init_module": 175,
    "delete_module": 176,
    "quotactl": 179,
    "clock_settime": 227,
    "kexec_load": 246,
    "add_key": 248,
    "request_key": 249,
    "keyctl": 250,
    "unshare": 272,
    "perf_event_open": 298,
    "name_to_handle_at": 303,
    "open_by_handle_at": 304,
    "setns": 308,
    "finit_module": 313,
    "kexec_file_load": 320,
    "bpf": 321,
    "userfaultfd": 323,
}
_AARCH64 = {
    "socket": 198,
    "socketpair": 199,
    "bind": 200,
    "listen": 201,
    "accept": 202,
    "connect": 203,
    "sendto": 206,
    "recvfrom": 207,
    "setsockopt": 208,
    "shutdown": 210,
    "sendmsg": 211,
    "recvmsg": 212,
    "execve": 221,
    "accept4": 242,
    "recvmmsg": 243,
    "sendmmsg": 269,
    "execveat": 281,
    "ptrace": 117,
    "tkill": 130,
    "rt_sigqueueinfo": 138,
    "setpriority": 140,
    "setrlimit": 164,
    "mq_open": 180,
    "msgget": 186,
    "semget": 190,
    "shmget": 194,
    "rt_tgsigqueueinfo": 240,
    "process_vm_readv": 270,
    "process_vm_writev": 271,
    "umount2": 39,
    "mount": 40,
    "pivot_root": 41,
    "chroot": 51,
    "quotactl": 60,
    "acct": 89,
    "personality": 92,
    "unshare": 97,
    "kexec_load": 104,
    "init_module": 105,
    "delete_module": 106,
    "clock_settime": 112,
    "reboot": 142,
    "sethostname": 161,
    "setdomainname": 162,
    "settimeofday": 170,
    "add_key": 217,
    "request_key": 218,
    "keyctl": 219,
    "swapon": 224,
    "swapoff": 225,
    "perf_event_open": 241,
    "name_to_handle_at": 264,
    "open_by_handle_at": 265,
    "setns": 268,
    "finit_module": 273,
    "bpf": 280,
    "userfaultfd": 282,
    "kexec_file_load": 294,
}
_BOTH = {
    "pidfd_send_signal": 424,
    # Its requests are made by the kernel, past a filter of system calls.
    "io_uring_setup": 425,
    "io_uring_enter": 426,
    "io_uring_register": 427,
    "pidfd_open": 434,
    "pidfd_getfd": 438,
    "process_madvise": 440,
}


class Architecture(msgspec.Struct, frozen=True):
    """Numbers of an architecture: its own in the filter's data, what is denied, and the calls that are allowed in part."""

    audit: int
    denied: dict[str, int]
    clone: int
    clone3: int
    kill: int
    tgkill: int
    prlimit64: int
    # Numbers from here on belong to another table of the same architecture (x32); 0: there is none.
    foreign_from: int = 0


ARCHITECTURES = {
    "x86_64": Architecture(
        audit=0xC000003E,
        denied=_X86_64 | _BOTH,
        clone=56,
        clone3=435,
        kill=62,
        tgkill=234,
        prlimit64=302,
        foreign_from=0x40000000,
    ),
    "aarch64": Architecture(
        audit=0xC00000B7, denied=_AARCH64 | _BOTH, clone=220, clone3=435, kill=129, tgkill=131, prlimit64=261
    ),
}
