; What the board does: assembled into gen/sq_link_program.sv. The processor is described in sq_link_agent.sv, the protocol in link/.

; --- lower page ---
;        0         the answers that are kept: 32 bytes of payload in each of four slots
ST     = 128      ; step, clipped, accepted, log_ratio: 8 bytes each
CLIP   = 136      ; each chain's own
ACC    = 144
CNT    = 160      ; frames, checksum, framing, repeated, early, strangers, executed: 4 bytes each
ID     = 188      ; 48 bytes of the identity; 12 zeros follow in the frame
SES    = 194      ; the session is where the identity has it
SITES  = 196
NEXT   = 236
OP     = 238      ; opcode, session and number of the request
HEAD   = 239
PLEN   = 243      ; bytes of its payload
VOL    = 244
PIPES  = 246      ; how many chains there are
SEL    = 247      ; the one that is selected
; each chain's own:
A0     = 248
A1     = 249
CONF   = 250      ; 1 once configured
EXT    = 251      ; of the first chain: rows and columns of all, 2 bytes each
DESC   = 255      ; of the score: 1 once an image is described
; --- upper page: above a frame of 243 bytes ---
T      = 0x1f4    ; 8 bytes
COLS   = 0x1f6    ; after the rows, in T
PASS   = 0x1f8
BADF   = 0x1f9
KIND   = 0x1fc    ; opcodes of the answers, 0 for none
; --- ports ---
step = 0
clip = 8
frame = 16
word = 17
tx = 16
txend = 17
push = 18
addr = 19
write = 20
read = 21
start = 22
abort_ = 23
free = 24
rewind = 25
left = 26
bound = 27
slot = 28
sel = 29
sum = 30
sums = 32
; --- ports of the score ---
register = 32     ; number X
imageat = 33
image = 34
check = 36
begins = 37
finishes = 38
draws = 39
buffer = 40
state = 32        ; bit 0: the image is good; bit 1: its description fits
shape = 33        ; L, stages, M: 2 bytes each
volume = 39

; No session, no chain, nothing counted.
        lea 0
        ldi 0
clear1: st ST+x
        inx 60
        jnz clear1
        st SES
        st SES+1
        st SEL
        st DESC
        call forget

main:   jnone main
        call begin
        ld PLEN
        addi 9
        jc main           ; what was no frame has been counted
        ld OP
        addi 0xf0
        jc numbered
        cmpi 0xf1
        jz open
        ld PLEN
        jnz malformed0
        ld OP
        jz identity
        cmpi 2
        jz abort
        cmpi 3
        jz stats
malformed0:
        ldi 0xf0
        call header
        ldi 0
        out tx
finish: out txend
        jmp main

identity:
        ldi 0x80
        call header
        lea 0
id1:    send ID+x
        inx 48
        jnz id1
        ldi 0
zeros:  out tx
        inx 60
        jnz zeros
        jmp finish

; The same session again changes nothing.
open:   ld PLEN
        cmpi 2
        jnz malformed0
        inm A0
        inm A1
        ld A1
        cmp SES+1
        jnz fresh
        ld A0
        cmp SES
        jz identity
fresh:  ld A1
        st SES+1
        ld A0
        st SES
        ldi 0
        st NEXT
        st NEXT+1
        st KIND
        st KIND+1
        st KIND+2
        st KIND+3
        st SEL
        out sel
        jmp identity

; Nothing runs.
abort:  ldi 0x90
answer0:
        call header
        jmp finish

stats:  ldi 0x83
        call header
        lea 0
stats1: send CNT+x
        inx 28
        jnz stats1
        lea 56            ; four zeros: no stack
        ldi 0
        jmp zeros

numbered:
        call ours
        jnz stranger
        ld SES
        jnz judge
        ld SES+1
        jz stranger
judge:  ld HEAD+2
        out slot
        ld NEXT
        sub HEAD+2
        st A0
        ld NEXT+1
        sbc HEAD+3
        jnz early
        ld A0
        jz execute
        addi 251          ; more than 4 ago
        jc early
        lea CNT+12
        call inc
        jmp answer
early:  lea CNT+16
        call inc
        ldi 0xf2
        call header
        send NEXT
        send NEXT+1
        jmp finish
stranger:
        lea CNT+20
        call inc
        ldi 0xf3
        jmp answer0

execute:
        lea CNT+24
        call inc
        ld OP
        jscore scored
        cmpi 0x13
        jz xread
        cmpi 0x12
        jz xwrite
        cmpi 0x16
        jz xrun
        cmpi 0x14
        jz xstate
        cmpi 0x15
        jz xset
        cmpi 0x1a
        jz xcoef
        cmpi 0x1b
        jz xselect
        cmpi 0x1c
        jz xsums
known:  addi 0xe1         ; known, but not here: up to 0x1e
        jnc unsupported
; A refusal after which what was read can be read again.
malformed:
        ldi 0
refuse1:
        st 0+s
        ldi 0xf0
        jmp kept
unconfigured:
        ldi 3
        jmp refuse
capacity:
        ldi 2
        jmp refuse
parameter:
        ldi 4
        jmp refuse
unsupported:
        ldi 1
refuse: st A0
        call drop
        ld A0
        jmp refuse1

; It is done.
xdone:  call drop
        ldi 0x90
; A is the opcode of the answer, and its payload in the slot.
kept:   st KIND+s
        ld NEXT
        addi 1
        st NEXT
        jnc answer
        ld NEXT+1
        addi 1
        st NEXT+1
answer: ld KIND+s
        jz nothing
        cmpi 0x93
        jz readout
        call header
        ld KIND+s
        cmpi 0x90
        jz finish
        cmpi 0xf0
        jz answer2
        cmpi 0x9c
        jz answer3
        cmpi 0x98
        jz answer5
        lea 0
answer1:
        send 0+x+s
        inx 32
        jnz answer1
        jmp finish
answer2:
        send 0+s
        jmp finish
answer3:
        lea 0
answer4:
        send 0+x+s        ; Σφ, Σφ², Σφ·nn; zeros in place of 24 bytes that follow
        inx 25
        jnz answer4
        lea 36
        ldi 0
        jmp zeros
answer5:
        lea 0
answer6:
        send 0+x+s
        inx 6
        jnz answer6
        jmp finish
nothing:
        out free
        jmp main

; --- read: its words are read anew whenever it is answered ---
xread:  ld PLEN
        cmpi 7
        jnz malformed
        lea 0
xread1: inm 0+x+s
        inx 7
        jnz xread1
        ld 0+s
        addi 251
        jc malformed
        cmpi 253          ; no buffer has this number
        jz malformed
        ldi 0x93
        jmp kept
readout:
        ld CONF
        jz rrefuse3
        ld 0+s
        jscore readout3
        jnz rrefuse1
readout4:
        ld 3+s
        jnz rrefuse2
        ld 4+s
        jnz rrefuse2
        ld 6+s
        jnz rrefuse2
        ld 5+s
        jnarrow readout0
        addi 58           ; a word is twice as long: 58 of them
        jc rrefuse2
readout0:
        addi 139          ; 116
        jc rrefuse2
        ld 1+s
        out push
        add 5+s
        st A0
        ld 2+s
        out push
        adc 6+s
        jc rrefuse2
        st A1
        out addr
        ld 0+s
        cmpi 4
        jz rsums
        call inside
        jnc rrefuse2
readout5:
        ldi 0x93
        call header
        ld 5+s
readout1:
        jz finish
        addi 255
        st A0
        out read
        in word
        out tx
        in word
        out tx
        jnarrow readout2
        in word
        out tx
        in word
        out tx
readout2:
        ld A0
        jmp readout1
; Modes, φ or sums.
readout3:
        out buffer
        cmpi 3
        jz rrefuse1
        jmp readout4
; Of sums there are 1024 words.
rsums:  ldi 0
        sub A0
        ldi 4
        sbc A1
        jc readout5
        jmp rrefuse2
rrefuse1:
        ldi 1
        jmp rrefuse
rrefuse2:
        ldi 2
        jmp rrefuse
rrefuse3:
        ldi 3
rrefuse:
        st A0
        ldi 0xf0
        call header
        send A0
        jmp finish

; --- write: all words or none, so they are gone through twice ---
xwrite: ld PLEN
        addi 251
        jnc malformed
        in frame
        addi 251
        jc malformed
        cmpi 253
        jz malformed
        jscore xwrite1
xwrite2:
        cmpi 251
        jnz unsupported
        ld CONF
        jz unconfigured
        ldi 0
        st PASS
        st BADF
        in frame
        out push
        st A0
        in frame
        out push
        st A1
        in frame
        jnz capacity
        in frame
        jnz capacity
        out addr
words:  jend words3
        pushf
        jend capacity
        pushf
        jnarrow words1
        jend capacity
        pushf
        jend capacity
        pushf
words1: ld PASS
        jz words2
        out write
        jmp words
words2: jbad words4
words5: ld A0
        addi 1
        st A0
        jnc words
        ld A1
        addi 1
        st A1
        jc capacity
        jmp words
words4: ldi 1
        st BADF
        jmp words5
words3: ld PASS
        jnz xdone
        call inside
        jnc capacity
        ld BADF
        jnz parameter
        ldi 1
        st PASS
        out rewind
        lea 0
words6: in frame          ; length, head, buffer and first
        inx 11
        jnz words6
        ld PLEN
        addi 251
        out left
        jmp words

; --- the score ---
scored: cmpi 0x13
        jz xread
        cmpi 0x12
        jz xwrite
        cmpi 0x16
        jz xrun
        cmpi 0x14
        jz xstate
        cmpi 0x18
        jz ximage
        cmpi 0x19
        jz xfinish
        cmpi 0x1b
        jz xselect
        cmpi 0x1d
        jz xdescribe
        cmpi 0x1e
        jz xdraw
        jmp known

xdescribe:
        ld PLEN
        cmpi 80
        jnz malformed
        ldi 0
        st CONF
        st DESC
        lea 3             ; behind seed and number
describe1:
        pushf
        pushf
        pushf
        pushf
        out register
        inx 23
        jnz describe1
        in state
        andi 2
        jz capacity
        ldi 1
        st DESC
        jmp xdone

; A part of the image: whole words of 16 bits. What it was a part of before is over.
xwrite1:
        cmpi 254
        jnz xwrite2
        in frame
        out push
        st A0
        in frame
        out push
        st A1
        in frame
        jnz capacity
        in frame
        jnz capacity
        ld A0
        andi 1
        jnz capacity
        ld PLEN
        addi 251
        st T
        andi 1
        jnz capacity
        ld A0
        add T
        ldi 0
        st T
        ld A1
        adc T
        jc capacity
        ldi 0
        st CONF
        out imageat
part:   jend xdone
        pushf
        pushf
        out image
        jmp part

ximage: ld PLEN
        cmpi 16
        jnz malformed
        ldi 0
        st CONF
        ld DESC
        jz unconfigured
        pushf             ; its length is in the description
        pushf
        pushf
        pushf
        lea 0
ximage1:
        pushf
        pushf
        pushf
        pushf
        out register
        inx 3
        jnz ximage1
        call drop
        in state
        andi 1
        jnz ximage3
        out check
ximage2:
        jbusy ximage2
        in state
        andi 1
        jnz ximage3
        ldi 5
        jmp refuse1
ximage3:
        out begins
ximage4:
        jbusy ximage4
        in volume
        st VOL
        in volume+1
        st VOL+1
        ldi 1
        st CONF
        ldi 0
        lea 0
ximage5:
        st ST+x
        inx 32
        jnz ximage5
        lea 0
ximage6:
        in shape+x
        st 0+x+s
        inx 6
        jnz ximage6
        ldi 0x98
        jmp kept

xfinish:
        ld PLEN
        jnz malformed
        ld CONF
        jz unconfigured
        call drop
        out finishes
xfinish1:
        jbusy xfinish1
        ldi 0x90
        jmp kept

; From the number of the first configuration on so many of them, which are what is counted: a run.
xdraw:  ld PLEN
        cmpi 8
        jnz malformed
        pushf
        pushf
        pushf
        pushf
        lea 2
        out register
        lea 0
xdraw1: inm T+x
        inx 4
        jnz xdraw1
        ld CONF
        jz unconfigured
        lea 0
xdraw2: ld T+x
        jnz xdraw3
        inx 4
        jnz xdraw2
        jmp parameter     ; none
xdraw3: call drop
        ldi 0
        lea 0
xdraw4: st ST+x
        inx 32
        jnz xdraw4
        lea 0
xdraw5: ld T+x
        out push
        inx 4
        jnz xdraw5
        out free
        out draws
        jmp running

; --- counters ---
xstate: ld PLEN
        jnz malformed
        ld CONF
        jnz keepstate
        ldi 3
        jmp refuse1
; The state into the slot, as an answer.
keepstate:
        lea 0
keepstate1:
        ld ST+x
        st 0+x+s
        inx 32
        jnz keepstate1
        ldi 0x94
        jmp kept

xset:   ld PLEN
        cmpi 32
        jnz malformed
        ld CONF
        jz unconfigured
        lea 0
xset1:  inm ST+x
        inx 32
        jnz xset1
        call setstep
        jmp xdone

; The step to the chain.
setstep:
        lea 0
setstep1:
        ld ST+x
        out push
        inx 4
        jnz setstep2
        out 8
setstep2:
        lea 0+x
        cmpi 8
        jnz setstep1
        out 9
        ret

; --- chains ---
xselect:
        ld PLEN
        cmpi 2
        jnz malformed
        in frame
        st A0
        in frame
        jnz capacity
        ld A0
        sub PIPES
        jc capacity
        ld A0
        st SEL
        out sel
        jmp xdone

; A pass of all chains that only sums; what it says of the selected one.
xsums:  ld PLEN
        jnz malformed
        in sums
        jz unsupported    ; it has none
        ld CONF
        jz unconfigured
        call drop
        call zero
        call zero
        out sum
xsums1: jbusy xsums1
        lea 0
xsums2: in sums+x
        st 0+x+s
        inx 25
        jnz xsums2
        ldi 0x9c
        jmp kept

; --- run ---
xrun:   ld PLEN
        cmpi 5
        jnz malformed
        pushf
        pushf
        pushf
        pushf
        in frame
        addi 254
        jc malformed
        ld CONF
        jz unconfigured
        call drop
        out free
        out start
running:
        jnone running1
        call begin
        ld PLEN
        addi 9
        jc running
        call ours
        jnz running2
        ld OP
        cmpi 2
        jnz running3
        ld PLEN
        jnz running3
        out abort_
        ldi 0x90
        jmp running6
running2:
        ldi 0xf3
running6:
        call header
        jmp running5
running3:
        call sync
        ldi 0xf1
        call header
        lea 0
running4:
        send ST+x
        inx 8
        jnz running4
running5:
        out txend
        jmp running
running1:
        jbusy running
        call sync
        ld PIPES
collect:
        addi 255
        st T
        out sel
        ldi 0
        addi 0
        lea 0
clipped:
        in clip+x
        adc CLIP+x
        st CLIP+x
        inx 8
        jnz clipped
        ld T
        jnz collect
        ld SEL
        out sel
        ld SES
        st HEAD
        ld SES+1
        st HEAD+1
        ld NEXT
        st HEAD+2
        ld NEXT+1
        st HEAD+3
        jmp keepstate

; Step and sweeps accepted as the chain has them now. The step may grow meanwhile: its lowest byte belongs to the second, where that is
; the same before and after.
sync:   lea 0
sync1:  in step+x
        st T+x
        inx 8
        jnz sync1
        in step
        st T
        in step+1
        cmp T+1
        jnz sync
        ldi 255
        addi 1
        lea 0
sync2:  ld T+x
        sbc ST+x
        st T+x
        inx 6
        jnz sync2
        andi 15
        st T+5
        ldi 0
        st T+6
        st T+7
        addi 0
        lea 0
sync3:  ld ST+x
        adc T+x
        st ST+x
        inx 8
        jnz sync3
        ldi 0
        addi 0
        lea 0
sync4:  ld ACC+x
        adc T+x
        st ACC+x
        inx 8
        jnz sync4
        ret

; --- configuration ---
xcoef:  ld PLEN
        cmpi 33
        jnz malformed
        in frame
        addi 253
        jc malformed
        jnarrow xcoef1
        addi 1
xcoef1: st PASS
        ldi 0
        st CONF           ; nothing is half configured
        ld SEL
        jnz xcoef2
        call forget
        ldi 0
        st VOL
        st VOL+1
xcoef2: ld PASS
        cmpi 254          ; its own number type
        jnz unsupported
        inm T
        inm T+1
        in frame
        jnz capacity
        in frame
        jnz capacity
        inm COLS
        inm COLS+1
        in frame
        jnz capacity
        in frame
        jnz capacity
        ld SEL
        jz first
; Another chain has the extents of the first one, and its step.
        ldi 0
        out sel
        ld CONF
        st PASS
        jz other2
        lea 0
other:  ld EXT+x
        cmp T+x
        jz other1
        ldi 2
        st PASS
other1: inx 4
        jnz other
other2: ld SEL
        out sel
        ld PASS
        jz unconfigured
        cmpi 2
        jz parameter
        call load
        lea 0
other3: st CLIP+x
        inx 8
        jnz other3
        jmp empty

first:  ld T+1
        jnz xcoef4
        ld T
        addi 254          ; two rows
        jnc parameter
xcoef4: ld COLS
        jnz xcoef5
        ld COLS+1
        jz parameter
xcoef5: lea 0
xcoef6: ld T+x
        st EXT+x
        inx 4
        jnz xcoef6
; As many rows as there are sites at most: to count them takes time.
        ld SITES
        sub T
        ld SITES+1
        sbc T+1
        jnc capacity
; One row more, as long as there are any.
volume3:
        ld T
        addi 255
        st T
        jc volume1
        ld T+1
        addi 255
        st T+1
        jnc volume2
volume1:
        ld VOL
        add COLS
        st VOL
        ld VOL+1
        adc COLS+1
        st VOL+1
        jnc volume3
        jmp capacity
volume2:
        ld SITES
        sub VOL
        ld SITES+1
        sbc VOL+1
        jnc capacity
        call load
        ld VOL
        out push
        ld VOL+1
        out push
        call zero
        out 6
        ld COLS
        out push
        ld COLS+1
        out push
        call zero
        out 7
        lea 0
xcoef7: st ST+x
        inx 32
        jnz xcoef7
        call setstep
; φ = 0: 256 words, as often as the volume has that, and once more.
empty:  call zero
        call zero
        out addr
        lea 0
        ld VOL+1
fill:   out write
        inx 0
        jnz fill
        addi 255
        jc fill
        ldi 1
        st CONF
        jmp xdone

; --- subroutines, one level deep ---

; No chain is configured, and the first one is selected.
forget: ld PIPES
forget1:
        addi 255
        st T
        out sel
        ldi 0
        st CONF
        ld T
        jnz forget1
        ret

; The registers of a chain: hop, linear, cubic, sigma, and the key.
load:   lea 2
load1:  pushf
        pushf
        pushf
        pushf
        out 0+x
        inx 6
        jnz load2
        lea 0
load2:  lea 0+x
        cmpi 2
        jnz load1
        ret

zero:   ldi 0
        out push
        out push
        ret

; C: A0, A1 is no more than the volume.
inside: ld VOL
        sub A0
        ld VOL+1
        sbc A1
        ret

; Z: the frame is of the session.
ours:   ld HEAD
        cmp SES
        jnz ours1
        ld HEAD+1
        cmp SES+1
ours1:  ret

; Takes the head of a frame, or counts what was none: then PLEN is above 246.
begin:  in frame
        out bound
        addi 247
        st PLEN
        jc begin1
        ldi 0
        out bound
        out free
        lea CNT+8
        ld PLEN
        cmpi 247
        jz inc
        lea CNT+4
        jmp inc
begin1: lea 0
begin2: inm OP+x
        inx 5
        jnz begin2
        ld PLEN
        out left
        lea CNT
; One more in the counter at X.
inc:    ld 0+x
        addi 1
        st 0+x
        jnc inc1
        lea 1+x
        jmp inc
inc1:   ret

; Begins an answer with opcode A. The room of the request is free again.
header: out free
        out tx
        send HEAD
        send HEAD+1
        send HEAD+2
        send HEAD+3
        ret

; What was read is no longer there to be read again.
drop:   lea 0
drop1:  ld KIND+x
        cmpi 0x93
        jnz drop2
        ldi 0
        st KIND+x
drop2:  inx 4
        jnz drop1
        ret
