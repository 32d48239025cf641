// One configuration in block RAM: a stage of the sampler, its start and its finish. Twin of
// core/src/score/int8/sampler.rs.
//
//   ŷ = T[filter·u]   h = network(ŷ + M)   ĥ = T h
//   u' = keep·u + pull·ĥ + amplitude·η                        reverse SDE
//   u at base + predict·ĥ,   u' = u + advance·ĥ                flow: ĥ of the stage before; 0 in the first
//
// Whoever drives it (sq_score) has written what a stage needs, into the bank that the stage names.
//
//   start_i, stage_i, finish_i   one of them, in one clock, while busy_o is 0:
//     start_i                      u := η of step 0, for a flow the base too
//     stage_i                      a stage; first_i: the first one, closes_i: its sum is the new base of a flow
//     finish_i                     φ of the modes as they are, from table 0 of the bank: r(0)
//   words_o                      the words of a step are asked for, in a clock with phase_i = 1: the first of them is
//                                word_i 34 clocks later
//   log2_i, last_slot_i, last1_i, last2_i, shifts_i, flow_i, largest_i
//                                of the image: L = 2^log2_i, the period of a site and the units of the layers, less one,
//                                the nine shifts in the order of the header from bit 0 on, whether it is a flow, M_max
//   m_i                          M/M_max
//   line_*, table_*, weight_*, scalar_*
//                                what writes: the line of H; tables by orbit, a bit of table_we_i each; weights; single
//                                numbers. 24 of the latter: M in ŷ
//   field_*                      u, while busy_o is 0, from its second clock on: read data 3 clocks after the address
//   phi_*                        φ: read data 2 clocks after the address
//   show_*                       what is written, for whoever compares: with show_o[0] ŷ, [1] h, [2] ĥ, [3] u', [4] φ, in the
//                                order of addresses
module sq_score_int8_sampler #(
  parameter integer Lanes = 16,
  parameter integer MaxLog2 = 5,
  parameter integer Units = 24,
  parameter integer OrbitsLog2 = 8
) (
  input  wire                         clk_i,
  input  wire                         rst_i,
  input  wire                         phase_i,
  input  wire        [2:0]            log2_i,
  input  wire        [5:0]            last_slot_i,
  input  wire        [4:0]            last1_i,
  input  wire        [4:0]            last2_i,
  input  wire        [44:0]           shifts_i,
  input  wire                         flow_i,
  input  wire signed [15:0]           largest_i,
  input  wire signed [15:0]           m_i,
  input  wire                         line_we_i,
  input  wire        [MaxLog2-1:0]    line_addr_i,
  input  wire        [15:0]           line_data_i,
  input  wire        [3:0]            table_we_i,
  input  wire        [OrbitsLog2:0]   table_addr_i,
  input  wire        [15:0]           table_data_i,
  input  wire                         weight_we_i,
  input  wire                         weight_layer_i,
  input  wire        [4:0]            weight_pair_i,
  input  wire        [5:0]            weight_unit_i,
  input  wire        [31:0]           weight_data_i,
  input  wire                         scalar_we_i,
  input  wire        [4:0]            scalar_addr_i,
  input  wire        [15:0]           scalar_data_i,
  input  wire                         start_i,
  input  wire                         stage_i,
  input  wire                         finish_i,
  input  wire                         first_i,
  input  wire                         closes_i,
  input  wire                         bank_i,
  output wire                         busy_o,
  output wire                         words_o,
  input  wire        [31:0]           word_i,
  input  wire                         field_we_i,
  input  wire        [2*MaxLog2-1:0]  field_addr_i,
  input  wire        [15:0]           field_data_i,
  output wire        [15:0]           field_data_o,
  input  wire        [2*MaxLog2-1:0]  phi_addr_i,
  output wire        [15:0]           phi_data_o,
  output wire        [4:0]            show_o,
  output wire signed [15:0]           show_y_o,
  output wire signed [15:0]           show_h_o,
  output wire signed [15:0]           show_score_o,
  output wire signed [15:0]           show_u_o,
  output wire signed [15:0]           show_phi_o
);
  localparam integer A = 2 * MaxLog2;
  localparam [4:0] Mean = 5'd24;

  // Phases. A pass begins 8 clocks after the phase: what the one before has written last is in memory then.
  localparam [2:0] Idle = 3'd0, ToSites1 = 3'd1, ToSites2 = 3'd2, Network = 3'd3, ToModes1 = 3'd4, ToModes2 = 3'd5, Start = 3'd6;
  reg [2:0] phase_q;
  reg finishing_q, first_q, closes_q, bank_q, began_q;
  reg [6:0] began_late_q;
  wire pass_done, sites_done, step_done, start_done, phi_done;
  always_ff @(posedge clk_i) begin
    began_q <= 1'b0;
    if (start_i || stage_i || finish_i) begin
      finishing_q <= finish_i;
      first_q <= first_i;
      closes_q <= closes_i;
      bank_q <= bank_i;
    end
    if (rst_i) phase_q <= Idle;
    else begin
      case (phase_q)
        Idle: if (start_i || stage_i || finish_i) {phase_q, began_q} <= {start_i ? Start : ToSites1, 1'b1};
        ToSites1: if (pass_done) {phase_q, began_q} <= {ToSites2, 1'b1};
        ToSites2: begin
          if (pass_done && !finishing_q) {phase_q, began_q} <= {Network, 1'b1};
          if (phi_done) phase_q <= Idle;
        end
        Network: if (sites_done) {phase_q, began_q} <= {ToModes1, 1'b1};
        ToModes1: if (pass_done) {phase_q, began_q} <= {ToModes2, 1'b1};
        ToModes2: if (step_done) phase_q <= Idle;
        default: if (start_done) phase_q <= Idle;
      endcase
    end
    began_late_q <= rst_i ? 7'd0 : {began_late_q[5:0], began_q};
  end
  assign busy_o = phase_q != Idle;
  // What others are told: registers, since they are far away. A phase is seen a clock late, when nothing of it is under way.
  reg pass_start_q, sites_start_q, noise_start_q, idle_q, first_pass_q, to_sites_q, from_sites_q, stepping_q, starting_q;
  always_ff @(posedge clk_i) begin
    pass_start_q <= began_late_q[6] && phase_q != Network && phase_q != Start;
    sites_start_q <= began_late_q[6] && phase_q == Network;
    noise_start_q <= began_late_q[6] && (phase_q == Start || (phase_q == Network && !flow_i));
    idle_q <= phase_q == Idle;
    first_pass_q <= phase_q == ToSites1;
    to_sites_q <= phase_q == ToSites2;
    from_sites_q <= phase_q == ToModes1;
    stepping_q <= phase_q == ToModes2;
    starting_q <= phase_q == Start;
  end

  wire [4:0] filter_shift = shifts_i[4:0], sites_shift = shifts_i[9:5], modes1_shift = shifts_i[14:10],
    modes2_shift = shifts_i[19:15];
  reg [4:0] pass_shift_q;
  always_ff @(posedge clk_i) begin
    case (phase_q)
      ToSites1: pass_shift_q <= 5'd13;
      ToSites2: pass_shift_q <= sites_shift - {4'd0, finishing_q};
      ToModes1: pass_shift_q <= modes1_shift;
      default: pass_shift_q <= modes2_shift;
    endcase
  end

  // The transform. From an address to the number for it: address, orbit, memory, product, sum, rounding, product, rounding.
  localparam integer Read = 1 + 5 + 3 + 2 + 1 + 4 + 2 + 4;
  wire [A-1:0] pass_addr, out_addr;
  wire signed [15:0] pass_x, out;
  wire out_valid;
  sq_score_int8_hartley #(.Lanes(Lanes), .MaxLog2(MaxLog2), .Read(Read)) hartley (
    .clk_i(clk_i), .rst_i(rst_i), .log2_i(log2_i), .shift_i(pass_shift_q),
    .line_we_i(line_we_i), .line_addr_i(line_addr_i), .line_data_i(line_data_i),
    .start_i(pass_start_q), .addr_o(pass_addr), .x_i(pass_x),
    .out_valid_o(out_valid), .out_addr_o(out_addr), .out_o(out), .done_o(pass_done)
  );
  reg [A-1:0] last_addr_q;
  always_ff @(posedge clk_i) last_addr_q <= ({{(A-1){1'b0}}, 1'b1} << {log2_i, 1'b0}) - 1'b1;

  // Modes: u; beside it the noise of a step, or the base of a flow, which needs none. Tables by orbit.
  reg [A-1:0] mode_addr_q, pass_addr_q;
  always_ff @(posedge clk_i) begin
    mode_addr_q <= idle_q ? field_addr_i : stepping_q ? out_addr : pass_addr;
    pass_addr_q <= pass_addr;
  end
  wire step_valid, step_last, eta_valid;
  wire [A-1:0] step_addr;
  wire signed [15:0] step_u, eta_new;
  reg [A-1:0] eta_addr_q;
  reg u_we_q, second_we_q;
  reg [A-1:0] u_waddr_q, second_waddr_q;
  reg [15:0] u_wdata_q, second_wdata_q;
  always_ff @(posedge clk_i) begin
    u_we_q <= step_valid || field_we_i || (eta_valid && starting_q);
    u_waddr_q <= step_valid ? step_addr : field_we_i ? field_addr_i : eta_addr_q;
    u_wdata_q <= step_valid ? step_u : field_we_i ? field_data_i : eta_new;
    second_we_q <= eta_valid || (step_valid && flow_i && closes_q);
    second_waddr_q <= step_valid ? step_addr : eta_addr_q;
    second_wdata_q <= step_valid ? step_u : eta_new;
  end
  wire signed [15:0] u, second, factor0, factor1, factor2, factor3;
  sq_prim_ram #(.Width(16), .AddrW(A)) ram_u (
    .clk_i(clk_i), .we_i(u_we_q), .waddr_i(u_waddr_q), .wdata_i(u_wdata_q), .raddr_i(mode_addr_q), .rdata_o(u)
  );
  sq_prim_ram #(.Width(16), .AddrW(A)) ram_second (
    .clk_i(clk_i), .we_i(second_we_q), .waddr_i(second_waddr_q), .wdata_i(second_wdata_q), .raddr_i(mode_addr_q),
    .rdata_o(second)
  );
  assign field_data_o = u;
  wire [OrbitsLog2-1:0] orbit;
  sq_score_int8_sampler_orbit #(.MaxLog2(MaxLog2), .OrbitsLog2(OrbitsLog2)) orbits (
    .clk_i(clk_i), .log2_i(log2_i), .mode_i(mode_addr_q), .orbit_o(orbit)
  );
  wire [63:0] factors;
  assign {factor3, factor2, factor1, factor0} = factors;
  genvar n;
  generate
    for (n = 0; n < 4; n = n + 1) begin : spectral
      sq_prim_ram #(.Width(16), .AddrW(OrbitsLog2 + 1), .Registers(2)) ram (
        .clk_i(clk_i), .we_i(table_we_i[n]), .waddr_i(table_addr_i), .wdata_i(table_data_i), .raddr_i({bank_q, orbit}),
        .rdata_o(factors[16*n +: 16])
      );
    end
  endgenerate

  // h of sites, from the network to the first pass; in the second one ĥ of modes takes its place, for a flow's next stage.
  wire signed [15:0] h, between, h_new;
  wire h_valid;
  reg [A-1:0] site_q;
  reg h_we_q, between_we_q;
  reg [A-1:0] h_waddr_q, between_waddr_q;
  reg [15:0] h_wdata_q, between_wdata_q;
  always_ff @(posedge clk_i) begin
    if (sites_start_q) site_q <= {A{1'b0}};
    else if (h_valid) site_q <= site_q + 1'b1;
    h_we_q <= h_valid || (out_valid && stepping_q);
    h_waddr_q <= stepping_q ? out_addr : site_q;
    h_wdata_q <= stepping_q ? out : h_new;
    between_we_q <= out_valid && (first_pass_q || from_sites_q);
    between_waddr_q <= out_addr;
    between_wdata_q <= out;
  end
  assign sites_done = h_valid && site_q == last_addr_q;
  sq_prim_ram #(.Width(16), .AddrW(A)) ram_h (
    .clk_i(clk_i), .we_i(h_we_q), .waddr_i(h_waddr_q), .wdata_i(h_wdata_q), .raddr_i(pass_addr_q), .rdata_o(h)
  );
  sq_prim_ram #(.Width(16), .AddrW(A)) ram_between (
    .clk_i(clk_i), .we_i(between_we_q), .waddr_i(between_waddr_q), .wdata_i(between_wdata_q), .raddr_i(pass_addr_q),
    .rdata_o(between)
  );

  // What goes into the first pass: filter·u, of a flow filter·(base + predict·ĥ); 0 for the zero mode, which is M's. The
  // factors are there 8 clocks after the address, u and h 2.
  wire predicts = flow_i && !finishing_q;
  wire signed [15:0] at_late, h_late, at, filter_late, filtered;
  reg signed [15:0] origin_q;
  wire signed [31:0] predicted, filtered_product;
  reg signed [31:0] at_sum_q;
  wire signed [15:0] predict = predicts && !first_q ? factor1 : 16'sd0;
  always_ff @(posedge clk_i) begin
    origin_q <= predicts ? second : u;
    at_sum_q <= {{2{at_late[15]}}, at_late, 14'd0} + predicted;
  end
  // u at 3, h at 3, factors at 9.
  sq_prim_delay #(.Width(16), .Clocks(7)) at_delay (.clk_i(clk_i), .d_i(origin_q), .d_o(at_late));
  sq_prim_delay #(.Width(16), .Clocks(6)) h_delay (.clk_i(clk_i), .d_i(h), .d_o(h_late));
  sq_prim_mult #(.A(16), .B(16)) predict_mult (.clk_i(clk_i), .a_i(predict), .b_i(h_late), .p_o(predicted));
  sq_score_int8_arithmetic_round #(.In(32), .Out(16)) at_round (
    .clk_i(clk_i), .shift_i(5'd14), .x_i(at_sum_q), .y_o(at)
  );
  sq_prim_delay #(.Width(16), .Clocks(7)) filter_delay (.clk_i(clk_i), .d_i(factor0), .d_o(filter_late));
  sq_prim_mult #(.A(16), .B(16)) filter_mult (.clk_i(clk_i), .a_i(filter_late), .b_i(at), .p_o(filtered_product));
  sq_score_int8_arithmetic_round #(.In(33), .Out(16)) filter_round (
    .clk_i(clk_i), .shift_i(filter_shift), .x_i({filtered_product[31], filtered_product}), .y_o(filtered)
  );
  // What goes into the others, as late.
  reg signed [15:0] other_q;
  wire signed [15:0] other;
  wire zero_mode;
  always_ff @(posedge clk_i) other_q <= from_sites_q ? h : between;
  sq_prim_delay #(.Width(16), .Clocks(Read - 4)) other_delay (.clk_i(clk_i), .d_i(other_q), .d_o(other));
  sq_prim_delay #(.Width(1), .Clocks(Read)) zero_delay (.clk_i(clk_i), .d_i(pass_addr == {A{1'b0}}), .d_o(zero_mode));
  assign pass_x = !first_pass_q ? other : zero_mode ? 16'sd0 : filtered;

  // ŷ with M, and its square; or φ, whose M is M_max·m.
  reg signed [15:0] mean_q;
  always_ff @(posedge clk_i) if (scalar_we_i && scalar_addr_i == Mean) mean_q <= scalar_data_i;
  reg signed [16:0] y_wide_q;
  reg signed [15:0] y_q, phi_q, square_a_q, square_b_q;
  wire signed [15:0] y, phi, phi_mean;
  sq_score_int8_arithmetic_clamp #(.In(17)) clamp_y (.x_i(y_wide_q), .y_o(y));
  sq_score_int8_arithmetic_saturate #(.In(17), .Out(16)) saturate_phi (.x_i(y_wide_q), .y_o(phi));
  wire signed [31:0] square;
  wire signed [15:0] mean = finishing_q ? phi_mean : mean_q;
  always_ff @(posedge clk_i) begin
    y_wide_q <= {out[15], out} + {mean[15], mean};
    y_q <= y;
    phi_q <= phi;
    square_a_q <= finishing_q ? largest_i : y;
    square_b_q <= finishing_q ? m_i : y;
  end
  sq_prim_mult #(.A(16), .B(16)) square_mult (.clk_i(clk_i), .a_i(square_a_q), .b_i(square_b_q), .p_o(square));
  sq_score_int8_arithmetic_round #(.In(32), .Out(16)) mean_round (
    .clk_i(clk_i), .shift_i(5'd14), .x_i(square), .y_o(phi_mean)
  );
  wire [31:0] square_half = square + 32'd8192;
  reg [3:0] sites_valid_q;
  reg [4*A-1:0] sites_addr_q;
  reg [31:0] y_late_q;
  always_ff @(posedge clk_i) begin
    sites_valid_q <= rst_i ? 4'd0 : {sites_valid_q[2:0], out_valid && to_sites_q};
    sites_addr_q <= {sites_addr_q[3*A-1:0], out_addr};
    y_late_q <= {y_late_q[15:0], y_q};
  end
  reg y_we_q;
  reg [A-1:0] y_waddr_q;
  reg [30:0] y_wdata_q;
  always_ff @(posedge clk_i) begin
    y_we_q <= sites_valid_q[3] && !finishing_q;
    y_waddr_q <= sites_addr_q[4*A-1:3*A];
    y_wdata_q <= {square_half[28:14], y_late_q[31:16]};
  end
  wire [A-1:0] y_addr;
  wire [30:0] y_read;
  sq_prim_ram #(.Width(31), .AddrW(A)) ram_y (
    .clk_i(clk_i), .we_i(y_we_q), .waddr_i(y_waddr_q), .wdata_i(y_wdata_q), .raddr_i(y_addr), .rdata_o(y_read)
  );
  wire phi_we = sites_valid_q[1] && finishing_q;
  sq_prim_ram #(.Width(16), .AddrW(A)) ram_phi (
    .clk_i(clk_i), .we_i(phi_we), .waddr_i(sites_addr_q[2*A-1:A]), .wdata_i(phi_q), .raddr_i(phi_addr_i),
    .rdata_o(phi_data_o)
  );
  assign phi_done = phi_we && sites_addr_q[2*A-1:A] == last_addr_q;

  sq_score_int8_network #(.MaxLog2(MaxLog2), .Units(Units)) network (
    .clk_i(clk_i), .rst_i(rst_i), .log2_i(log2_i), .last_slot_i(last_slot_i), .last1_i(last1_i), .last2_i(last2_i),
    .shifts_i(shifts_i[44:20]), .bank_i(bank_q),
    .weight_we_i(weight_we_i), .weight_layer_i(weight_layer_i), .weight_pair_i(weight_pair_i),
    .weight_unit_i(weight_unit_i), .weight_data_i(weight_data_i),
    .scalar_we_i(scalar_we_i), .scalar_addr_i(scalar_addr_i), .scalar_data_i(scalar_data_i),
    .start_i(sites_start_q), .addr_o(y_addr), .y_i(y_read[15:0]), .y2_i(y_read[30:16]), .valid_o(h_valid), .h_o(h_new)
  );

  // Noise: while the network works, and at the start.
  reg waits_q;
  assign words_o = waits_q && phase_i;
  always_ff @(posedge clk_i) begin
    if (rst_i) waits_q <= 1'b0;
    else if (noise_start_q) waits_q <= 1'b1;
    else if (words_o) waits_q <= 1'b0;
  end
  sq_noise_gauss #(.W(16)) gauss (.clk_i(clk_i), .word_i(word_i), .eta_o(eta_new));
  // Words are there 34 clocks after they were asked for, η 13 later.
  localparam integer Eta = 34 + 13;
  reg [Eta-2:0] asked_q;
  reg eta_run_q;
  wire eta_last = eta_addr_q == last_addr_q;
  always_ff @(posedge clk_i) begin
    asked_q <= rst_i ? {(Eta-1){1'b0}} : {asked_q[Eta-3:0], words_o};
    if (rst_i) eta_run_q <= 1'b0;
    else if (asked_q[Eta-2]) eta_run_q <= 1'b1;
    else if (eta_last) eta_run_q <= 1'b0;
    eta_addr_q <= eta_run_q ? eta_addr_q + 1'b1 : {A{1'b0}};
  end
  assign eta_valid = eta_run_q;
  assign start_done = starting_q && eta_run_q && eta_last;

  // The step: ĥ waits 9 clocks for u and its factors.
  wire signed [15:0] u_late, eta_late, score_late, keep, amplitude;
  sq_prim_delay #(.Width(16), .Clocks(6)) u_delay (.clk_i(clk_i), .d_i(u), .d_o(u_late));
  sq_prim_delay #(.Width(16), .Clocks(6)) eta_delay (.clk_i(clk_i), .d_i(second), .d_o(eta_late));
  sq_prim_delay #(.Width(16), .Clocks(9)) score_delay (.clk_i(clk_i), .d_i(out), .d_o(score_late));
  sq_score_int8_arithmetic_clamp #(.In(16)) clamp_keep (.x_i(factor1), .y_o(keep));
  sq_score_int8_arithmetic_clamp #(.In(16)) clamp_amplitude (.x_i(factor3), .y_o(amplitude));
  reg signed [15:0] keep_q, pull_q, amplitude_q, step_u_q, step_score_q, step_eta_q;
  wire signed [31:0] kept, pulled, kicked;
  sq_prim_mult #(.A(16), .B(16)) keep_mult (.clk_i(clk_i), .a_i(keep_q), .b_i(step_u_q), .p_o(kept));
  sq_prim_mult #(.A(16), .B(16)) pull_mult (.clk_i(clk_i), .a_i(pull_q), .b_i(step_score_q), .p_o(pulled));
  sq_prim_mult #(.A(16), .B(16)) kick_mult (.clk_i(clk_i), .a_i(amplitude_q), .b_i(step_eta_q), .p_o(kicked));
  // Below 2^31: core/src/score/int8/format.rs.
  reg signed [31:0] two_q, third_q, sum_q;
  always_ff @(posedge clk_i) begin
    // A flow keeps all of u, and has no noise.
    keep_q <= flow_i ? 16'sd16384 : keep;
    amplitude_q <= flow_i ? 16'sd0 : amplitude;
    pull_q <= factor2;
    step_u_q <= u_late;
    step_score_q <= score_late;
    step_eta_q <= eta_late;
    two_q <= kept + pulled;
    third_q <= kicked;
    sum_q <= two_q + third_q;
  end
  sq_score_int8_arithmetic_round #(.In(32), .Out(16)) step_round (
    .clk_i(clk_i), .shift_i(5'd14), .x_i(sum_q), .y_o(step_u)
  );
  // 9, operands, product, two sums, rounding.
  localparam integer Step = 9 + 1 + 2 + 2 + 4;
  sq_prim_delay #(.Width(A), .Clocks(Step)) step_addr_delay (.clk_i(clk_i), .d_i(out_addr), .d_o(step_addr));
  reg [Step-1:0] step_valid_q, step_last_q;
  always_ff @(posedge clk_i) begin
    step_valid_q <= rst_i ? {Step{1'b0}} : {step_valid_q[Step-2:0], out_valid && stepping_q};
    step_last_q <= rst_i ? {Step{1'b0}} : {step_last_q[Step-2:0], pass_done && stepping_q};
  end
  assign step_valid = step_valid_q[Step-1];
  assign step_last = step_last_q[Step-1];
  assign step_done = step_last;

  assign show_o = {phi_we, step_valid, out_valid && stepping_q, h_valid, y_we_q};
  assign show_y_o = y_wdata_q[15:0];
  assign show_h_o = h_new;
  assign show_score_o = out;
  assign show_u_o = step_u;
  assign show_phi_o = phi_q;

  wire unused = &{1'b0, square_half[31:29], square_half[13:0]};
endmodule
