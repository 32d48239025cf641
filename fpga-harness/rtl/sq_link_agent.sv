// Requests and their answers: a processor of a byte, for this one program. Twin of agent/src/lib.rs, agent/src/chain.rs and
// link/src/order.rs.
//
// The program is sq_link_agent.asm; the memory holds answers that are kept, counters, what the board says of itself (the lower page of 256
// bytes), and the frame that is being sent (the upper page). With several chains, the bytes 136 to 143 and 248 to 255 of the lower page are
// each chain's own: which of them is meant, sel_o says.
//
//   word   [15:11] operation  [10] index  [9] upper page  [8] slot  [7:0] immediate    (jumps: [15:14] = 3, [13:10] condition, [9:0] target)
//   ea     page, immediate + (index ? X : 0); with `slot`, bits [6:5] of it (lower page) or [1:0] (upper page) are the number of a slot
//   0 LD A=M  1 ST M=A  2 ADC A+=M+C  3 SBC A-=M+!C  4 CMP A-M  5 LDI A=imm  6 ADDI A+=imm  7 CMPI A-imm  8 ANDI A&=imm  9 LEA X=A=ea
//   10 TAX X=A  11 IN A=port(ea)  12 OUT port(ea)=A  13 RET  14 INX X+=1, compared with imm  15 SEND tx=M  16 INM M=frame
//   17 PUSHF word=frame  18 ADD  19 SUB
//   Z of what goes into A (but for LDI), or of a comparison; C only of ADC, SBC, ADD, SUB and ADDI
//
//   latency   7 clocks an instruction; one that sends waits until there is room
module sq_link_agent #(
  parameter integer W = 18,
  parameter integer SitesLog2 = 10,
  parameter integer Pipes = 1,
  parameter integer Sums = 1,
  parameter integer Bonds = 1,
  parameter integer Score = 0,
  parameter [63:0] Build = 64'd0,
  parameter [95:0] Target = "sim"
) (
  input  wire                         clk_i,
  input  wire                         rst_i,
  // frames
  input  wire                         avail_i,
  input  wire        [7:0]            frame_i,
  output wire                         next_o,
  output wire                         rewind_o,
  output wire                         bound_o,
  output wire                         release_o,
  output wire        [7:0]            byte_o,
  output wire                         put_o,
  output wire                         end_o,
  input  wire                         ready_i,
  output wire                         slot_o,
  input  wire                         buffer_we_i,
  input  wire        [7:0]            buffer_addr_i,
  input  wire        [7:0]            buffer_data_i,
  output wire        [7:0]            buffer_data_o,
  // chains: all that is told and asked is of the one that sel_o selects, but for runs
  output wire        [7:0]            sel_o,
  output wire                         cfg_we_o,
  output wire        [3:0]            cfg_addr_o,
  output wire        [31:0]           cfg_data_o,
  output wire                         run_o,
  output wire        [31:0]           sweeps_o,
  output wire                         measure_o,
  output wire                         abort_o,
  input  wire                         busy_i,
  output wire                         field_we_o,
  output wire        [SitesLog2-1:0]  field_addr_o,
  output wire signed [W-1:0]          field_data_o,
  input  wire signed [W-1:0]          field_data_i,
  input  wire        [43:0]           step_i,
  input  wire        [47:0]           clipped_i,
  input  wire signed [31:0]           sum_phi_i,
  input  wire        [47:0]           sum_phi2_i,
  input  wire signed [47:0]           sum_bond_i,
  // the score in place of chains: a register each, an image, and what is to be done with it
  output wire                         score_we_o,
  output wire        [4:0]            score_addr_o,
  output wire                         image_we_o,
  output wire        [14:0]           image_addr_o,
  output wire        [15:0]           image_data_o,
  output wire        [3:0]            score_do_o,
  output wire        [1:0]            buffer_o,
  input  wire        [71:0]           score_i
);
  localparam [4:0] OpLd = 5'd0, OpSt = 5'd1, OpAdc = 5'd2, OpSbc = 5'd3, OpCmp = 5'd4, OpLdi = 5'd5, OpAddi = 5'd6, OpCmpi = 5'd7,
    OpAndi = 5'd8, OpLea = 5'd9, OpTax = 5'd10, OpIn = 5'd11, OpOut = 5'd12, OpRet = 5'd13,
    OpInx = 5'd14, OpSend = 5'd15, OpInm = 5'd16, OpPushf = 5'd17, OpAdd = 5'd18, OpSub = 5'd19;
  localparam [3:0] JumpAlways = 4'd0, JumpCall = 4'd1, JumpZ = 4'd2, JumpNz = 4'd3, JumpC = 4'd4, JumpNc = 4'd5, JumpAvail = 4'd6,
    JumpNone = 4'd7, JumpEnd = 4'd8, JumpBusy = 4'd9, JumpBad = 4'd10, JumpNarrow = 4'd11, JumpScore = 4'd12;
  localparam [4:0] OutTx = 5'd16, OutEnd = 5'd17, OutWord = 5'd18, OutAddr = 5'd19, OutWrite = 5'd20, OutRead = 5'd21, OutRun = 5'd22,
    OutAbort = 5'd23, OutRelease = 5'd24, OutRewind = 5'd25, OutLeft = 5'd26, OutBound = 5'd27,
    OutSlot = 5'd28, OutSelect = 5'd29, OutSum = 5'd30;
  // The same of the score, above 32: a register by X, the image's address and words, check, begin, finish, draw, and which of u, φ and
  // sums is read.
  localparam [4:0] OutRegister = 5'd0, OutImageAt = 5'd1, OutImage = 5'd2, OutCheck = 5'd4, OutBegin = 5'd5, OutFinish = 5'd6,
    OutDraw = 5'd7, OutBuffer = 5'd8;
  localparam [0:0] Narrow = W <= 16;

  // Fetch (two clocks), address, read (two), operand, execute; one that has to wait is read again.
  reg [6:0] phase_q;
  wire execute_late = phase_q[6];
  reg [9:0] pc_q, back_q;
  reg [15:0] word_q;
  wire [15:0] word;
  sq_link_program rom (.clk_i(clk_i), .addr_i(pc_q), .word_o(word));

  reg [7:0] a_q, x_q;
  reg z_q, c_q, looked_q;
  reg [7:0] result_q;
  wire [4:0] op = word_q[15:11];
  wire [7:0] imm = word_q[7:0];
  wire jump = word_q[15:14] == 2'd3;
  reg [1:0] slot_q;
  wire [7:0] plain = imm + (word_q[10] ? x_q : 8'd0);
  wire [7:0] ea = !word_q[8] ? plain : word_q[9] ? {plain[7:2], slot_q} : {1'b0, slot_q, plain[4:0]};
  wire out = op == OpOut;
  // What was addressed, and the operand: the chain beside this allows no clock as long as all of it together.
  reg [7:0] ea_q, b_q;
  wire [4:0] port = ea_q[4:0];
  // What an instruction does is known clocks before it does it.
  reg sends_q, stores_q, sends_value_q, takes_frame_q, tells_q, scores_q, asks_q;
  reg subtract_q, carries_q, counts_q, adds_q, ands_q, to_a_q, looks_q;
  wire counts = op == OpAdc || op == OpAdd || op == OpAddi || op == OpSbc || op == OpSub;
  wire compares = op == OpCmp || op == OpCmpi;
  wire to_a = counts || op == OpLd || op == OpLdi || op == OpAndi || op == OpLea || op == OpIn;
  always_ff @(posedge clk_i) begin
    sends_q <= op == OpSend || (out && !ea_q[5] && (port == OutTx || port == OutEnd));
    stores_q <= op == OpSt || op == OpInm;
    sends_value_q <= op == OpSend;
    takes_frame_q <= op == OpInm || op == OpPushf;
    tells_q <= out && !ea_q[5];
    scores_q <= out && ea_q[5];
    asks_q <= op == OpIn && !ea_q[5] && port[4];
    subtract_q <= op == OpSbc || op == OpSub || compares;
    carries_q <= op == OpAdc || op == OpSbc;
    counts_q <= counts;
    adds_q <= counts || compares;
    ands_q <= op == OpAndi;
    to_a_q <= to_a;
    looks_q <= (to_a && op != OpLdi) || compares;
  end
  wire stalled = execute_late && sends_q && !ready_i;
  wire execute = execute_late && !stalled;
  // What reads the word for the next clock but one has the memory in between.
  assign slot_o = phase_q[4];

  // The memory. What stores has not to wait. Before the reset the registers may hold anything, and what is in memory must stay.
  wire store = execute_late && stores_q && !rst_i;
  wire [7:0] value;
  // What goes out, or into memory.
  wire [7:0] outward = sends_value_q ? b_q : takes_frame_q ? frame_i : a_q;
  reg [4:0] sel_q;
  wire own = Pipes > 1 && !word_q[9] && (ea_q[7:3] == 5'd17 || ea_q[7:3] == 5'd31);
  wire [9:0] mem_addr = own ? {1'b1, sel_q, ea_q[6], ea_q[2:0]} : {1'b0, word_q[9], ea_q};
  wire [9:0] mem_waddr = store ? mem_addr : {2'b01, buffer_addr_i};
  wire [9:0] mem_raddr = slot_o ? {2'b01, buffer_addr_i} : mem_addr;
  sq_link_memory #(.W(W), .SitesLog2(SitesLog2), .Pipes(Pipes), .Sums(Sums), .Score(Score), .Build(Build), .Target(Target)) memory (
    .clk_i(clk_i), .we_i(store || buffer_we_i), .waddr_i(mem_waddr), .wdata_i(store ? outward : buffer_data_i),
    .raddr_i(mem_raddr), .rdata_o(value)
  );
  assign buffer_data_o = value;

  // The word register: filled and emptied byte by byte, lowest first.
  reg [31:0] word32_q;
  reg [SitesLog2-1:0] addr_q;
  reg [7:0] left_q;
  wire [W-1:0] field = Narrow ? word32_q[31 -: W] : word32_q[W-1:0];
  wire bad = field == {1'b1, {(W-1){1'b0}}} || (!Narrow && word32_q[31:W] != {(32-W){1'b0}});

  // What is read: counters, and sums in the form in which a host gets them.
  reg [7:0] counter, counter_q;
  wire [31:0] sum_phi = Sums == 1 ? sum_phi_i : 32'd0;
  wire [47:0] sum_phi2 = Sums == 1 ? sum_phi2_i : 48'd0, sum_bond = Sums == 1 ? sum_bond_i : 48'd0;
  always_comb begin
    case (ea_q[5:0])
      6'd0: counter = step_i[7:0];
      6'd1: counter = step_i[15:8];
      6'd2: counter = step_i[23:16];
      6'd3: counter = step_i[31:24];
      6'd4: counter = step_i[39:32];
      6'd5: counter = {4'd0, step_i[43:40]};
      6'd8: counter = clipped_i[7:0];
      6'd9: counter = clipped_i[15:8];
      6'd10: counter = clipped_i[23:16];
      6'd11: counter = clipped_i[31:24];
      6'd12: counter = clipped_i[39:32];
      6'd13: counter = clipped_i[47:40];
      6'd32: counter = Sums == 0 ? 8'd0 : Bonds == 1 ? 8'd7 : 8'd3;
      6'd33: counter = sum_phi[7:0];
      6'd34: counter = sum_phi[15:8];
      6'd35: counter = sum_phi[23:16];
      6'd36: counter = sum_phi[31:24];
      6'd37, 6'd38, 6'd39, 6'd40: counter = {8{sum_phi[31]}};
      6'd41: counter = sum_phi2[7:0];
      6'd42: counter = sum_phi2[15:8];
      6'd43: counter = sum_phi2[23:16];
      6'd44: counter = sum_phi2[31:24];
      6'd45: counter = sum_phi2[39:32];
      6'd46: counter = sum_phi2[47:40];
      6'd49: counter = sum_bond[7:0];
      6'd50: counter = sum_bond[15:8];
      6'd51: counter = sum_bond[23:16];
      6'd52: counter = sum_bond[31:24];
      6'd53: counter = sum_bond[39:32];
      6'd54: counter = sum_bond[47:40];
      6'd55, 6'd56: counter = {8{sum_bond[47]}};
      default: counter = 8'd0;
    endcase
    // What the score is: whether the image is good and fits, L and stages, M, volume; 9 bytes.
    if (Score == 1 && ea_q[5]) counter = score_i[{ea_q[3:0], 3'd0} +: 8];
  end
  reg [7:0] b;
  always_comb begin
    case (op)
      OpLd, OpAdc, OpSbc, OpCmp, OpAdd, OpSub, OpSend: b = value;
      OpIn: b = ea_q[5] || !port[4] ? counter_q : port[0] ? word32_q[7:0] : frame_i;
      OpLea: b = ea_q;
      default: b = imm;
    endcase
  end

  wire carry = carries_q ? c_q : subtract_q;
  wire [8:0] sum = {1'b0, a_q} + {1'b0, subtract_q ? ~b_q : b_q} + {8'd0, carry};
  wire [7:0] result = adds_q ? sum[7:0] : ands_q ? a_q & b_q : b_q;
  wire [7:0] x_next = x_q + 1'b1;

  reg taken, taken_q;
  always_comb begin
    case (word_q[13:10])
      JumpAlways, JumpCall: taken = 1'b1;
      JumpZ: taken = z_q;
      JumpNz: taken = !z_q;
      JumpC: taken = c_q;
      JumpNc: taken = !c_q;
      JumpAvail: taken = avail_i;
      JumpNone: taken = !avail_i;
      JumpEnd: taken = left_q == 8'd0;
      JumpBusy: taken = busy_i;
      JumpBad: taken = bad;
      JumpNarrow: taken = Narrow;
      JumpScore: taken = Score == 1;
      default: taken = 1'b0;
    endcase
  end

  always_ff @(posedge clk_i) begin
    if (rst_i) phase_q <= 7'd1;
    else phase_q <= {phase_q[5:2], phase_q[1] || stalled, phase_q[0], execute};
    if (phase_q[1]) word_q <= word;
    if (phase_q[2]) ea_q <= ea;
    counter_q <= counter;
    b_q <= b;
    taken_q <= taken;
    if (rst_i) pc_q <= 10'd0;
    else if (execute) begin
      if (jump && taken_q) begin
        pc_q <= word_q[9:0];
        if (word_q[13:10] == JumpCall) back_q <= pc_q + 1'b1;
      end else pc_q <= op == OpRet ? back_q : pc_q + 1'b1;
    end
    // Whether it is 0 is seen a clock later.
    looked_q <= execute && looks_q;
    result_q <= result;
    if (looked_q) z_q <= result_q == 8'd0;
    if (execute && !jump) begin
      if (to_a_q) a_q <= result;
      if (op == OpInx) z_q <= x_next == imm;
      if (counts_q) c_q <= sum[8];
      if (op == OpInx) x_q <= x_next;
      else if (op == OpLea || op == OpTax) x_q <= op == OpLea ? ea_q : a_q;
    end
  end

  // What is told.
  wire does = execute && tells_q;
  wire scores = execute && scores_q;
  wire shift_in = (does && port == OutWord) || (execute && op == OpPushf);
  wire read_in = does && port == OutRead;
  wire in_line = execute && asks_q;
  wire shift_out = in_line && port[0];
  wire moves = does && (port == OutWrite || port == OutRead);
  wire next = (in_line && !port[0]) || (execute && (op == OpInm || op == OpPushf));
  always_ff @(posedge clk_i) begin
    if (read_in) word32_q <= {{(32-W){1'b0}}, field_data_i};
    else if (shift_in || shift_out) word32_q <= {outward, word32_q[31:8]};
    if (does && port == OutAddr) addr_q <= word32_q[16 +: SitesLog2];
    else if (moves) addr_q <= addr_q + 1'b1;
    if (does && port == OutSlot) slot_q <= a_q[1:0];
    if (rst_i || Pipes == 1) sel_q <= 5'd0;
    else if (does && port == OutSelect) sel_q <= a_q[4:0];
    if (does && port == OutLeft) left_q <= a_q;
    else if (next) left_q <= left_q - 1'b1;
  end
  assign next_o = next;
  assign rewind_o = does && port == OutRewind;
  assign release_o = does && port == OutRelease;
  assign bound_o = does && port == OutBound;
  assign byte_o = outward;
  assign put_o = (does && port == OutTx) || (execute && op == OpSend);
  assign end_o = does && port == OutEnd;
  assign sel_o = {3'd0, sel_q};
  assign cfg_we_o = does && !port[4];
  assign cfg_addr_o = port[3:0];
  assign cfg_data_o = word32_q;
  assign run_o = does && (port == OutRun || port == OutSum);
  assign measure_o = does && port == OutSum;
  assign sweeps_o = word32_q;
  assign abort_o = does && port == OutAbort;
  assign field_we_o = does && port == OutWrite;
  assign field_addr_o = addr_q;
  assign field_data_o = field;

  generate
    if (Score == 1) begin : score
      reg [14:0] image_addr_q;
      reg [1:0] buffer_q;
      always_ff @(posedge clk_i) begin
        if (scores && port == OutImageAt) image_addr_q <= word32_q[31:17];
        else if (image_we_o) image_addr_q <= image_addr_q + 1'b1;
        if (scores && port == OutBuffer) buffer_q <= {a_q[2], a_q[0]};
      end
      assign score_we_o = scores && port == OutRegister;
      assign score_addr_o = x_q[4:0];
      assign image_we_o = scores && port == OutImage;
      assign image_addr_o = image_addr_q;
      assign image_data_o = word32_q[31:16];
      assign score_do_o = {scores && port == OutDraw, scores && port == OutFinish, scores && port == OutBegin, scores && port == OutCheck};
      assign buffer_o = buffer_q;
    end else begin : no_score
      assign {score_we_o, score_addr_o, image_we_o, image_addr_o, image_data_o, score_do_o, buffer_o} = 44'd0;
      wire unused = &{1'b0, score_i, scores};
    end
  endgenerate
endmodule
